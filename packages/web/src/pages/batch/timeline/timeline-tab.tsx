import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type ReactElement, useMemo, useRef } from 'react';
import type { BasicTask } from '../../../api/types.ts';
import { StatusIcon } from '../../../components/status-icon.tsx';
import { countName, countOpen } from '../../../components/statuses.ts';
import { formatDuration, useNow } from '../../../components/times.tsx';
import { setParameters, useParameters } from '../../../router/location.ts';
import { useTask } from '../../../queries/use-task.ts';
import { Link } from '../../../router/link.tsx';
import type { BatchView } from '../feed/batch-feed.ts';
import { KindPlot } from './kind-plot.tsx';
import { type KindRow, kindRows, type Span, spansOf, ticksOf, wholeSpan } from './timeline-rows.ts';
import './timeline.css';

const STEPS = 240;
const KIND_PX = 56;
const TASK_PX = 28;
const ZOOMS = [1, 2, 5, 10, 25];
const TICKS_PER_WIDTH = 6;

type Line =
  | { readonly type: 'kind'; readonly row: KindRow; readonly isOpen: boolean }
  | { readonly type: 'task'; readonly task: BasicTask };

/** The batch over time: how many of each kind wait and run, and each task when its kind is opened. */
export default function TimelineTab({ view }: { view: BatchView }): ReactElement {
  const { tasks, stats } = view;
  const query = useParameters();
  const opened = query.get('open') ?? '';
  const zoom = ZOOMS.find((one) => String(one) === query.get('zoom')) ?? 1;
  const isOver = countOpen(stats.status_counts) === 0;
  const clockMs = useNow(isOver ? 60_000 : 1000);
  const nowMs = isOver ? 0 : clockMs;
  const span = useMemo(() => wholeSpan(tasks, nowMs), [tasks, nowMs]);
  const rows = useMemo(() => kindRows(tasks, span, STEPS, nowMs), [tasks, span, nowMs]);
  const lines = useMemo(() => toLines(rows, opened), [rows, opened]);
  const highest = Math.max(1, ...rows.flatMap(({ waiting, running }) => [...waiting, ...running]));

  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (lines[index]!.type === 'kind' ? KIND_PX : TASK_PX),
    getItemKey: (index) => keyOf(lines[index]!),
    overscan: 8,
  });
  const share = (ms: number): string => `${(100 * (ms - span.fromMs)) / (span.toMs - span.fromMs)}%`;
  return (
    <div className="timeline">
      <div className="row">
        <span className="faint">
          {formatDuration(span.toMs - span.fromMs)} {isOver ? 'from first to last' : 'so far'}
        </span>
        <ul className="timeline-legend">
          <li data-part="waiting">waiting</li>
          <li data-part="running">running</li>
        </ul>
        <span className="row timeline-zoom">
          {ZOOMS.map((one) => (
            <button
              key={one}
              className="button"
              aria-pressed={one === zoom}
              aria-label={`${one} times as wide`}
              onClick={() => setParameters({ zoom: one === 1 ? undefined : String(one) })}
            >
              {one}×
            </button>
          ))}
        </span>
      </div>
      <div
        ref={scroller}
        className="timeline-scroll"
        tabIndex={0}
        role="region"
        aria-label="The batch over time"
      >
        <div className="timeline-canvas" style={{ '--zoom': zoom } as CSSProperties}>
          <div className="timeline-axis">
            <div className="timeline-label">Kind</div>
            <div className="timeline-track">
              {ticksOf(span, TICKS_PER_WIDTH * zoom).map(({ atMs, text }) => (
                <span key={atMs} className="tick" style={{ left: share(atMs) }}>
                  {text}
                </span>
              ))}
            </div>
          </div>
          <div className="timeline-body" style={{ height: virtualizer.getTotalSize() }}>
            {virtualizer.getVirtualItems().map(({ index, key, start, size }) => {
              const line = lines[index]!;
              return (
                <div
                  key={key}
                  className="timeline-line"
                  data-type={line.type}
                  style={{ transform: `translateY(${start}px)`, height: size }}
                >
                  {line.type === 'kind' ? (
                    <KindLine row={line.row} isOpen={line.isOpen} highest={highest} />
                  ) : (
                    <TaskLine task={line.task} span={span} nowMs={nowMs} />
                  )}
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

const keyOf = (line: Line): string => (line.type === 'kind' ? `kind ${line.row.kind}` : line.task.id);

/** With a single kind there is nothing to compare, so it is open from the start. */
function toLines(rows: readonly KindRow[], opened: string): Line[] {
  return rows.flatMap((row): Line[] => {
    const isOpen = row.kind === opened || (rows.length === 1 && opened === '');
    const head: Line = { type: 'kind', row, isOpen };
    return isOpen ? [head, ...row.tasks.map((task): Line => ({ type: 'task', task }))] : [head];
  });
}

interface KindLineProps {
  readonly row: KindRow;
  readonly isOpen: boolean;
  readonly highest: number;
}

function KindLine({ row, isOpen, highest }: KindLineProps): ReactElement {
  const { kind, tasks } = row;
  return (
    <>
      <div className="timeline-label">
        <button
          className="timeline-open"
          aria-expanded={isOpen}
          title={kind}
          onClick={() => setParameters({ open: isOpen ? ' ' : kind })}
        >
          <span aria-hidden>{isOpen ? '▾' : '▸'}</span>
          <span className="cut">{kind}</span>
          <span className="faint">{tasks.length.toLocaleString()}</span>
        </button>
      </div>
      <div className="timeline-track">
        <KindPlot row={row} highest={highest} />
      </div>
    </>
  );
}

interface TaskLineProps {
  readonly task: BasicTask;
  readonly span: Span;
  readonly nowMs: number;
}

function TaskLine({ task, span, nowMs }: TaskLineProps): ReactElement {
  const { waiting, running } = spansOf(task, nowMs === 0 ? span.toMs : nowMs);
  const style = ({ fromMs, toMs }: Span): CSSProperties => ({
    left: `${(100 * (fromMs - span.fromMs)) / (span.toMs - span.fromMs)}%`,
    width: `${(100 * (toMs - fromMs)) / (span.toMs - span.fromMs)}%`,
  });
  const attempt = task.max_attempts > 1 ? `, attempt ${task.attempt} of ${task.max_attempts}` : '';
  const text =
    `${task.name}: ${task.status}${attempt}, waited ${formatDuration(waiting.toMs - waiting.fromMs)}` +
    (running === null ? '' : `, ran ${formatDuration(running.toMs - running.fromMs)}`);
  return (
    <>
      <div className="timeline-label status" data-status={countName(task.status)}>
        <StatusIcon status={task.status} label={task.status} />
        <Link to={{ page: 'task', taskId: task.id }} className="cut" title={task.name}>
          {task.name}
        </Link>
      </div>
      <div className="timeline-track" title={text} data-status={countName(task.status)}>
        <span className="bar-waiting" style={style(waiting)} />
        {task.attempt > 1 && <EarlierAttempts taskId={task.id} style={style} />}
        {running !== null && <span className="bar-running" style={style(running)} />}
      </div>
    </>
  );
}

/** A bar for each attempt that ran before; only the whole task tells of them, so it is asked for when it is seen. */
function EarlierAttempts({ taskId, style }: { taskId: string; style: (span: Span) => CSSProperties }) {
  const { data: task } = useTask(taskId);
  return task?.attempts.map(({ attempt, started_at: started, ended_at: ended, failure_reason: reason }) => {
    if (started === null || attempt === task.attempt) return null;
    const span = { fromMs: Date.parse(started), toMs: Date.parse(ended) };
    return (
      <span
        key={attempt}
        className="bar-running"
        data-status="failure"
        title={`Attempt ${attempt} of ${task.max_attempts}: ${reason}`}
        style={style(span)}
      />
    );
  });
}
