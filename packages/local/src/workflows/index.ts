export { generateWorkflow } from './generate-workflow.ts';
export type { GenerateOptions } from './generate-workflow.ts';
export { checkWorkflow, readWorkflow, WorkflowError } from './workflow-format.ts';
export type { CheckedWorkflow, Workflow, WorkflowTask } from './workflow-format.ts';
export { levelsOf, longestPathSeconds } from './workflow-shape.ts';
export { defaultTimeScale, toNewTasks } from './workflow-tasks.ts';
export type { NewTasksOptions } from './workflow-tasks.ts';
