import type { Rule } from '../../api/types.ts';

/** A rule as a sentence: what must hold for a task that carries it to start. */
export function ruleText(rule: Rule): string {
  const { status, kind, fields } = rule.matcher;
  const same = fields.length === 0 ? '' : ` with the same ${fields.join(' and ')}`;
  if (rule.type === 'Capacity') {
    return `Remaining work of running tasks of kind ${kind}${same} below ${rule.max_capacity.toLocaleString('en')}`;
  }
  const limit = rule.max_concurency;
  const tasks = limit === 1 ? 'task' : 'tasks';
  const amount = limit === 0 ? 'No' : `At most ${limit.toLocaleString('en')}`;
  return `${amount} ${status.toLowerCase()} ${tasks} of kind ${kind}${same}`;
}
