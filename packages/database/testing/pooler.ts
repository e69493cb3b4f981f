import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { nameOfDatabase, urlOfDatabase } from './urls.ts';

/** A pgbouncer's console is a database of this name. */
const CONSOLE = 'pgbouncer';
/** How long a closed connection may take to vanish from its list. */
const CLOSING_MS = 5_000;

/** What URLs that lead through a pooler have, so that whoever is given one can tell. Drivers pass over it. */
const MARK = 'pooler';

/** Marks the URL of a pooler, of whichever database. */
export function asPooled(url: string): string {
  const marked = new URL(url);
  marked.searchParams.set(MARK, 'pgbouncer');
  return marked.href;
}

function isPooled(url: string): boolean {
  return new URL(url).searchParams.has(MARK);
}

/**
 * Has the pooler, if the URL leads through one, end its connections to the database: it keeps them when nobody uses them any more.
 * Resolves when they are gone, those that are in use as soon as their transaction has ended.
 */
export async function endPooledConnections(url: string): Promise<void> {
  if (!isPooled(url)) return;
  const name = nameOfDatabase(url);
  await atConsole(url, async (console) => {
    await console.query(`RECONNECT ${name}`);
    await console.query(`WAIT_CLOSE ${name}`);
  });
}

/** What the pooler, if the URL leads through one, knows of clients that do not leave the database. */
export async function findPooledClients(url: string): Promise<string[]> {
  if (!isPooled(url)) return [];
  const name = nameOfDatabase(url);
  return atConsole(url, async (console) => {
    const deadlineMs = performance.now() + CLOSING_MS;
    for (;;) {
      const { rows } = await console.query<{ database: string; application_name: string; state: string }>(
        'SHOW CLIENTS',
      );
      const left = rows.filter(({ database }) => database === name);
      if (left.length === 0 || performance.now() > deadlineMs)
        return left.map((client) => `${client.application_name} ${client.state} at the pooler`);
      await delay(10);
    }
  });
}

async function atConsole<T>(url: string, run: (console: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlOfDatabase(url, CONSOLE) });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
