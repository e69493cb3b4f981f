import type { ReactElement, ReactNode } from 'react';
import { formatDuration } from '../../components/times.tsx';
import { Link } from '../../router/link.tsx';
import type { Overview } from './use-overview.ts';

/** For so long a Pending task may wait before it is worth a look. */
const LONG_MS = 5 * 60_000;
/** What is counted no further. */
const EXHAUSTED_MAX = 10_000;

/** The numbers that tell whether all is well. */
export function KeyFigures({ overview }: { overview: Overview }): ReactElement {
  const { series, oldest_pending: oldest, deliveries, workers, now: nowText } = overview;
  const now = Date.parse(nowText);
  const last = series.findLast(({ running }) => running !== null);
  const sum = (name: 'succeeded' | 'failed' | 'canceled'): number =>
    series.reduce((total, minute) => total + (minute[name] ?? 0), 0);
  const failed = sum('failed');
  const ended = failed + sum('succeeded') + sum('canceled');
  const alive = workers.filter(({ lease_until: until }) => Date.parse(until) >= now).length;
  const waitedMs = oldest === null ? 0 : now - Date.parse(oldest.since);
  return (
    <dl className="figures">
      <Figure name="Running" value={(last?.running ?? 0).toLocaleString()} />
      <Figure name="Pending" value={(last?.pending ?? 0).toLocaleString()} />
      <Figure
        name="Oldest pending"
        value={oldest === null ? 'none' : formatDuration(waitedMs)}
        isBad={waitedMs > LONG_MS}
        note={
          oldest !== null && (
            <Link to={{ page: 'task', taskId: oldest.id }} className="figure-name">
              {oldest.name}
            </Link>
          )
        }
      />
      <Figure
        name="Ended in the last hour"
        value={ended.toLocaleString()}
        note={`${perMinute(ended)} a minute`}
      />
      <Figure
        name="Failed in the last hour"
        value={failed.toLocaleString()}
        isBad={failed > 0}
        note={ended === 0 ? 'nothing has ended' : `${share(failed, ended)} of what ended`}
      />
      <Figure
        name="Workers alive"
        value={alive.toLocaleString()}
        isBad={alive === 0}
        note={alive === 0 ? 'no task starts' : undefined}
      />
      <Figure
        name="Deliveries exhausted"
        value={`${deliveries.exhausted.toLocaleString()}${deliveries.exhausted === EXHAUSTED_MAX ? '+' : ''}`}
        isBad={deliveries.exhausted > 0}
        note={<Link to={{ page: 'deliveries' }}>{deliveries.pending.toLocaleString()} pending</Link>}
      />
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly note?: ReactNode;
  readonly isBad?: boolean;
}

function Figure({ name, value, note, isBad = false }: FigureProps): ReactElement {
  return (
    <div className="card figure" data-bad={isBad}>
      <dt>{name}</dt>
      <dd>
        <span className="figure-value">{value}</span>
        {isBad && <span className="unseen">worth a look</span>}
        {note !== undefined && note !== false && <span className="figure-note">{note}</span>}
      </dd>
    </div>
  );
}

const perMinute = (count: number): string =>
  (count / 60).toLocaleString(undefined, { maximumFractionDigits: count < 600 ? 1 : 0 });

const share = (part: number, whole: number): string =>
  (part / whole).toLocaleString(undefined, { style: 'percent', maximumFractionDigits: 1 });
