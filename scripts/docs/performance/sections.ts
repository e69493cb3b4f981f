import { join } from 'node:path';
import { listCosts } from '../scaling/list-costs.ts';
import { readPerTask } from '../scaling/per-task.ts';
import { projectLoads } from '../scaling/project-loads.ts';
import { describeRun } from './describe-run.ts';
import { listScenarios } from './list-scenarios.ts';
import { drawPlot } from './plot/draw-plot.ts';
import { plotFile } from './plot-file.ts';
import { published } from './published.ts';
import { summarize } from './summarize.ts';

/** The parts of docs/performance.md and docs/scaling.md that are made from a run of the benchmark. */
export const PERFORMANCE_SECTIONS = {
  'performance-run': () => describeRun(published()),
  'performance-summary': () => summarize(published()),
  'performance-scenarios': () => listScenarios(published()),
  'scaling-costs': () => listCosts(published()),
  'scaling-loads': () => projectLoads(readPerTask(published())),
};

/** The plots of that run, by their path in the project. */
export function drawPlots(): ReadonlyMap<string, string> {
  const plots = published().scenarios.map(
    (scenario) => [join('docs', plotFile(scenario.scenario)), drawPlot(scenario)] as const,
  );
  return new Map(plots);
}
