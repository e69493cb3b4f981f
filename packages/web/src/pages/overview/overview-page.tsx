import type { ReactElement } from 'react';
import { Loaded } from '../../components/page-states.tsx';
import { formatDuration } from '../../components/times.tsx';
import { useTitle } from '../../components/title.ts';
import { BusyKinds } from './busy-kinds.tsx';
import { FullRules } from './full-rules.tsx';
import { KeyFigures } from './key-figures.tsx';
import './overview.css';
import { type Series, SeriesPlot } from './plots/series-plot.tsx';
import { type Overview, useOverview } from './use-overview.ts';
import { Workers } from './workers.tsx';

const ENDS: readonly Series[] = [
  { name: 'succeeded', label: 'succeeded', status: 'success' },
  { name: 'failed', label: 'failed', status: 'failure' },
  { name: 'canceled', label: 'canceled', status: 'canceled' },
];
const CREATED: readonly Series[] = [{ name: 'created', label: 'created', status: 'claimed' }];
const LEVELS: readonly Series[] = [
  { name: 'running', label: 'running', status: 'running' },
  { name: 'pending', label: 'pending', status: 'pending' },
];

/** What goes on in the whole fleet, at a glance. */
export default function OverviewPage(): ReactElement {
  useTitle('Overview');
  return (
    <Loaded query={useOverview()} what="the overview">
      {(overview) => <Shown overview={overview} />}
    </Loaded>
  );
}

function Shown({ overview }: { overview: Overview }): ReactElement {
  return (
    <>
      <div className="page-head">
        <h1>Overview</h1>
        <p className="faint">{sampledText(overview)}</p>
      </div>
      <KeyFigures overview={overview} />
      <div className="overview-plots">
        <SeriesPlot title="Ended each minute" minutes={overview.series} series={ENDS} look="bars" />
        <SeriesPlot title="Running and pending" minutes={overview.series} series={LEVELS} look="lines" />
        <SeriesPlot title="Created each minute" minutes={overview.series} series={CREATED} look="bars" />
      </div>
      <div className="overview-tables">
        <FullRules rules={overview.rules} />
        <BusyKinds kinds={overview.kinds} />
        <Workers workers={overview.workers} now={Date.parse(overview.now)} />
      </div>
    </>
  );
}

function sampledText({ sampled_at: sampledAt, now }: Overview): string {
  if (sampledAt === null) return 'Nothing has been counted yet; it takes a few seconds.';
  const ageMs = Date.parse(now) - Date.parse(sampledAt);
  return `Counted ${formatDuration(ageMs)} ago`;
}
