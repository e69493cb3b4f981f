import { concurrency, matcher, type NewTask, type Rule } from '@arcrun/client';
import type { System } from '../system/start-system.ts';
import { aTask, type Work } from './load.ts';

/** The kind of all tasks that belong to a tenant, which is what the rules look at. */
const KIND = 'tenant';

/** A task of a tenant, which starts when all its rules allow it. */
export const ofTenant = (system: System, tenant: string, work: Work, rules: Rule[], id = 'task'): NewTask =>
  aTask(system, id, work, { kind: KIND, metadata: { tenant_id: tenant }, rules });

/** At most so many tasks of each tenant run at once. */
export const eachAtMost = (limit: number): Rule =>
  concurrency(limit, matcher(KIND, { fields: ['tenant_id'] }));

/** At most so many tasks of all tenants together run at once. */
export const allAtMost = (limit: number): Rule => concurrency(limit, matcher(KIND));
