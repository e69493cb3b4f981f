import type { ReactElement } from 'react';
import { writeJson } from '../../api/lossless-json.ts';
import { Occupancy } from './occupancy.tsx';
import type { FullRule } from './use-overview.ts';

const WAITING_MAX = 1000;

/** The rules that hold most back, and those that are closest to it. */
export function FullRules({ rules }: { rules: readonly FullRule[] }): ReactElement {
  return (
    <section className="card" aria-labelledby="full-rules">
      <h2 id="full-rules">Fullest rules</h2>
      {rules.length === 0 ? (
        <p className="faint">No rule counts anything now.</p>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="full-rules">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Counts</th>
                <th scope="col">Full</th>
                <th scope="col" className="number">
                  Held back
                </th>
              </tr>
            </thead>
            <tbody>
              {rules.map((rule) => (
                <tr key={`${rule.type} ${rule.status} ${rule.kind} ${rule.fields.join()} ${valuesOf(rule)}`}>
                  <td>
                    {whatOf(rule)} of kind <strong>{rule.kind}</strong>
                    {rule.fields.length > 0 && <code className="rule-values">{valuesOf(rule)}</code>}
                  </td>
                  <td>
                    <Occupancy occupancy={rule.occupancy} limit={rule.limit} />
                  </td>
                  <td className="number" data-bad={rule.waiting > 0}>
                    {rule.waiting === WAITING_MAX ? '1,000+' : rule.waiting.toLocaleString()}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function whatOf({ type, status }: FullRule): string {
  if (type === 'Capacity') return 'Remaining work';
  return status === 'Running' ? 'Running tasks' : `${status} tasks`;
}

/** `tenant = 7, region = "eu"`; without the values when they are long. */
function valuesOf({ fields, values }: FullRule): string {
  if (values === null || typeof values !== 'object') return fields.join(', ');
  const given = new Map(Object.entries(values));
  return fields.map((field) => `${field} = ${writeJson(given.get(field))}`).join(', ');
}
