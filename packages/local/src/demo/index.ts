export { runDemo } from './run-demo.ts';
export type { DemoOptions } from './run-demo.ts';
export { runWorkflow } from './run-workflow.ts';
export type { WorkflowOptions } from './run-workflow.ts';
