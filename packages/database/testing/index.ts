export * from './batches.ts';
export * from './cuttable-way.ts';
export * from './databases.ts';
export * from './states.ts';
export * from './steps.ts';
export * from './test-database.ts';
export * from './use-test-database.ts';
export * from './waiting.ts';
