export { createRandom, type Random } from './random.ts';
export { generateWorkflow } from './generate-workflow.ts';
export { checkWorkflow, readWorkflow, WorkflowError } from './workflow-format.ts';
export type { Workflow } from './workflow-format.ts';
export { levelsOf, longestPathSeconds } from './workflow-shape.ts';
export { defaultTimeScale, toNewTasks } from './workflow-tasks.ts';
