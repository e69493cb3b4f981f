export * from './dedupe.ts';
export * from './explain.ts';
export * from './notifications.ts';
export * from './propagation.ts';
export * from './retry-schedule.ts';
export * from './rules.ts';
export * from './status.ts';
export * from './transitions.ts';
