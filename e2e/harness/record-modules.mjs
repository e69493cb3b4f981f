// Imported into a process before its own code: writes down every module that it loads.
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(process.env.LOADED_MODULES_FILE, `${url}\n`);
    return nextLoad(url, context);
  },
});
