import { bundleProcess } from '../../scripts/build/bundle-process.mjs';

await bundleProcess(['src/main.ts']);
