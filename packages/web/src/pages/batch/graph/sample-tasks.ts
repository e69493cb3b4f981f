import type { BasicTask, Link } from '../../../api/types.ts';

/** A task for tests, of which only this matters. */
export function sampleTask(id: string, given: Partial<BasicTask> = {}): BasicTask {
  return {
    id,
    name: id,
    kind: 'kind',
    status: 'Waiting',
    created_at: new Date(0).toISOString(),
    started_at: null,
    success: 0,
    failures: 0,
    expected_count: null,
    ended_at: null,
    batch_id: 'batch',
    dead_end_barrier: false,
    priority: 0,
    attempt: 1,
    max_attempts: 1,
    rerun_of: null,
    ...given,
  };
}

/** `a>b` is a link, `a~b` one that does not need success. */
export const sampleLinks = (...texts: readonly string[]): Link[] =>
  texts.map((text) => {
    const [parent = '', child = ''] = text.split(/[>~]/);
    return { parent_id: parent, child_id: child, requires_success: text.includes('>') };
  });
