import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { generateWorkflow, readWorkflow, type Workflow } from '@arcrun/local';

/** Where recorded workflows lie, beside the project. */
const WORKFLOWS_FOLDER =
  process.env['WORKFLOWS_DIR'] ?? resolve(import.meta.dirname, '../../../shared/workflows');

/** The recorded workflow of 1,738 tasks and 4,698 links, or a generated one of that size where it is not at hand. */
export async function largeWorkflow(): Promise<Workflow> {
  const recorded = join(WORKFLOWS_FOLDER, 'montage-chameleon-2mass-05d-001.json');
  return existsSync(recorded) ? readWorkflow(recorded) : generateWorkflow({ seed: 7 });
}
