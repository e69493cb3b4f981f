import { lazy, type ReactElement, Suspense } from 'react';
import { writeJson } from '../../api/lossless-json.ts';
import { ApiError } from '../../api/request.ts';
import { BatchStateLabel, batchState } from '../../components/batch-state.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { ErrorState, Loading } from '../../components/page-states.tsx';
import { StatusBar, StatusLegend } from '../../components/status.tsx';
import { countOpen } from '../../components/statuses.ts';
import { useTitle } from '../../components/title.ts';
import { Link } from '../../router/link.tsx';
import { type BatchTab, readRoute } from '../../router/routes.ts';
import { BatchMenu } from './actions/batch-menu.tsx';
import type { BatchView, FeedState } from './feed/batch-feed.ts';
import { useBatchFeed } from './feed/use-batch-feed.ts';
import { useBatchSummary } from './use-batch-summary.ts';
import './batch.css';

// Each brings a library of its own. That of the graph is the largest, so it is fetched beside the data.
const loadGraph = () => import('./graph/graph-tab.tsx');
if (readRoute(new URLSearchParams(location.search)).page === 'batch') void loadGraph();
const GraphTab = lazy(loadGraph);
const TableTab = lazy(() => import('./table/table-tab.tsx'));
const TimelineTab = lazy(() => import('./timeline/timeline-tab.tsx'));

const TABS = [
  ['graph', 'Graph'],
  ['table', 'Table'],
  ['timeline', 'Timeline'],
] as const;

interface BatchPageProps {
  readonly batchId: string;
  readonly tab: BatchTab;
}

/** One batch, live: as a graph, a table or a timeline. */
export default function BatchPage({ batchId, tab }: BatchPageProps): ReactElement {
  const { view, error, source, refresh } = useBatchFeed(batchId);
  const summary = useBatchSummary(batchId, view?.tasks[0]?.created_at);
  useTitle(view === undefined ? 'Batch' : titleOf(view));
  if (error instanceof ApiError && error.status === 404) return <UnknownBatch batchId={batchId} />;
  if (view === undefined)
    return error === undefined ? <Loading what="the batch" /> : <ErrorState error={error} retry={refresh} />;
  const { stats } = view;
  return (
    <>
      <div className="page-head">
        <div className="batch-title">
          <h1>{summary?.scope ?? 'Batch'}</h1>
          <code className="faint">{stats.batch_id}</code>
          <div className="row">
            <BatchStateLabel counts={stats.status_counts} />
            <span className="faint">{describeProgress(view)}</span>
            <Source source={source} />
          </div>
          <Reruns view={view} />
        </div>
        <div className="row">
          <CopyButton text={stats.batch_id} label="Copy id" />
          <BatchMenu view={view} />
        </div>
      </div>
      <div className="batch-counts">
        <StatusBar counts={stats.status_counts} total={stats.total_tasks} />
        <StatusLegend
          counts={stats.status_counts}
          linkOf={(status, text) => (
            <Link to={{ page: 'batch', batchId, tab: 'table' }} parameters={{ status }} title="List them">
              {text}
            </Link>
          )}
        />
        {summary !== undefined && hasContent(summary.metadata) && (
          <details>
            <summary>Metadata</summary>
            <pre className="metadata">{writeJson(summary.metadata, 2)}</pre>
          </details>
        )}
      </div>
      <nav className="tabs" aria-label="Views of the batch">
        {TABS.map(([name, title]) => (
          <Link
            key={name}
            to={{ page: 'batch', batchId, tab: name }}
            className="tab"
            {...(name === tab ? { 'aria-current': 'page' as const } : {})}
          >
            {title}
          </Link>
        ))}
      </nav>
      {stats.total_tasks === 0 ? (
        <p className="state">This batch has no tasks: none was given, or all were skipped as duplicates.</p>
      ) : (
        <div className="batch-view">
          <Suspense fallback={<Loading what="the view" />}>
            {tab === 'graph' && <GraphTab view={view} />}
            {tab === 'table' && <TableTab view={view} />}
            {tab === 'timeline' && <TimelineTab view={view} />}
          </Suspense>
        </div>
      )}
    </>
  );
}

/** The batch that this one runs again, and those that have run this one again. */
function Reruns({ view: { stats } }: { view: BatchView }): ReactElement | null {
  const { rerun_of: origin, reruns } = stats;
  if (origin === null && reruns.length === 0) return null;
  return (
    <div className="row faint">
      {origin !== null && (
        <Link to={{ page: 'batch', batchId: origin, tab: 'graph' }}>Runs an earlier batch again</Link>
      )}
      {reruns.slice(0, 3).map((batchId, index) => (
        <Link key={batchId} to={{ page: 'batch', batchId, tab: 'graph' }}>
          {index === 0 ? 'Was run again' : 'and again'}
        </Link>
      ))}
      {reruns.length > 3 && <span>and {reruns.length - 3} times more</span>}
    </div>
  );
}

const hasContent = (metadata: unknown): boolean => metadata !== null && writeJson(metadata) !== '{}';

function describeProgress({ stats }: BatchView): string {
  const {
    total_tasks: total,
    total_success: success,
    total_failures: failures,
    total_expected: expected,
  } = stats;
  const ended = total - countOpen(stats.status_counts);
  const counted =
    success + failures === 0
      ? ''
      : ` · ${success.toLocaleString()} successes and ${failures.toLocaleString()} failures counted` +
        (expected === null ? '' : ` of ${expected.toLocaleString()}`);
  return `${ended.toLocaleString()} of ${total.toLocaleString()} tasks ended${counted}`;
}

/** The tab of the browser tells how it stands. */
function titleOf({ stats }: BatchView): string {
  const open = countOpen(stats.status_counts);
  return open === 0 ? batchState(stats.status_counts).text : `${open.toLocaleString()} to go`;
}

const SOURCES: Readonly<Record<FeedState['source'], readonly [string, string]>> = {
  loading: ['', ''],
  pushed: ['live', 'Changes are pushed by the server'],
  polled: ['asking every second', 'Nothing is pushed here, so the batch is asked for again and again'],
  ended: ['', ''],
};

function Source({ source }: { source: FeedState['source'] }): ReactElement | null {
  const [text, title] = SOURCES[source];
  if (text === '') return null;
  return (
    <span className="source faint" data-source={source} title={title}>
      {text}
    </span>
  );
}

function UnknownBatch({ batchId }: { batchId: string }): ReactElement {
  return (
    <div className="state" role="alert">
      <h1>There is no such batch</h1>
      <p className="faint">
        No batch has the id <code className="long">{batchId}</code>. It may be mistyped; a task has an id of
        its own.
      </p>
      <div className="row">
        <Link to={{ page: 'task', taskId: batchId }} className="button">
          Look for a task with this id
        </Link>
        <Link to={{ page: 'batches' }} className="button">
          All batches
        </Link>
      </div>
    </div>
  );
}
