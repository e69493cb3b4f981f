import { type ReactElement, useState } from 'react';
import type { Task } from '../../api/types.ts';
import { triggerName } from '../deliveries/delivery-words.ts';
import { JsonView } from './json-view.tsx';

/** An action as the API shows it: those of an end have a condition. */
type Action = Task['actions'][number] & { readonly condition?: 'Success' | 'Failure' };

/** The calls that a task makes. */
export function WebhookActions({ actions }: { actions: readonly Action[] }): ReactElement {
  return (
    <section className="card" aria-labelledby="actions">
      <h2 id="actions">Actions</h2>
      {actions.length === 0 ? (
        <p className="faint">They were not kept: the task is in the archive.</p>
      ) : (
        <ul className="actions">
          {actions.map((action, index) => (
            // They never change their order.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={index}>
              <WebhookAction action={action} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function WebhookAction({ action }: { action: Action }): ReactElement {
  const { url, verb, headers, body } = action.params;
  const { failure_count: failures, last_error: error, retry } = action;
  const name = triggerName({ trigger: action.trigger, condition: action.condition ?? null });
  return (
    <>
      <div className="action-call">
        <strong>{name}</strong>
        <span className="mono">
          {verb.toUpperCase()} {url}
        </span>
        {retry?.max_attempts !== undefined && (
          <span className="faint">called {retry.max_attempts} times at the most</span>
        )}
      </div>
      {failures > 0 && (
        <div className="long">
          Has failed {failures === 1 ? 'once' : `${failures.toLocaleString()} times`}
          {error !== null && `, last: ${error}`}
        </div>
      )}
      {headers !== undefined && headers !== null && Object.keys(headers).length > 0 && (
        <Headers headers={headers} of={name} />
      )}
      {body !== undefined && body !== null && <JsonView value={body} label={`Body of ${name}`} />}
    </>
  );
}

/** Names of headers; their values may be secrets, and come when they are asked for. */
function Headers({ headers, of }: { headers: Readonly<Record<string, string>>; of: string }): ReactElement {
  const [areShown, setShown] = useState(false);
  return (
    <div className="headers">
      <dl>
        {Object.entries(headers).map(([name, value]) => (
          <div key={name}>
            <dt className="mono">{name}</dt>
            <dd className="mono">{areShown ? value : <span title="Hidden">••••••</span>}</dd>
          </div>
        ))}
      </dl>
      <button
        className="button"
        type="button"
        aria-pressed={areShown}
        aria-label={`${areShown ? 'Hide' : 'Show'} values of the headers of ${of}`}
        onClick={() => setShown(!areShown)}
      >
        {areShown ? 'Hide values' : 'Show values'}
      </button>
    </div>
  );
}
