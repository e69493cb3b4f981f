export { runDemo } from './run-demo.ts';
export { runWorkflow } from './run-workflow.ts';
