import { relative } from 'node:path';
import { projectDir } from '../services/cache-folder.ts';
import type { Stack } from './stack.ts';

/** Everything that a person may want to open, as a table. */
export function formatBanner(stack: Stack): string {
  const { apiUrl, api, receiver, receiverUrl, workers, services } = stack;
  const rows: [string, string, number | undefined][] = [
    ['API', apiUrl, api.pid],
    ['Tasks', `${apiUrl}/view`, undefined],
    ['API reference', `${apiUrl}/swagger-ui/`, undefined],
    ['Queues', `${apiUrl}/admin/queues`, undefined],
    ['Command', 'npx arcrun --help', undefined],
    ...workers.map(({ process, url }): [string, string, number] => [
      process.name,
      `${url}/metrics`,
      process.pid,
    ]),
    [receiver.name, receiverUrl, receiver.pid],
    ['PostgreSQL', services.databaseUrl, services.postgres?.pid],
    ['Redis', services.redisUrl, services.redis?.pid],
    ['Logs', relative(projectDir, stack.logDir), undefined],
  ];
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const urlWidth = Math.max(...rows.map(([, url]) => url.length));
  const lines = rows.map(([name, url, pid]) => {
    const start = `  ${name.padEnd(nameWidth)}  `;
    return pid === undefined ? `${start}${url}` : `${start}${url.padEnd(urlWidth)}  pid ${pid}`;
  });
  return `\n${lines.join('\n')}\n\nCtrl-C ends it.`;
}
