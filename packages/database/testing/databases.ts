import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { endPooledConnections, findPooledClients } from './pooler.ts';
import { nameOfDatabase, urlOfDatabase } from './urls.ts';

/** Runs statements beside the database under test: on the server's maintenance database. */
export async function asAdmin<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlOfDatabase(url, 'postgres') });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

/**
 * Creates a database on the server of `url`, empty or as a copy.
 *
 * @returns its URL
 */
export async function createDatabase(url: string, name: string, template?: string): Promise<string> {
  await asAdmin(url, (client) =>
    client.query(
      `create database ${pg.escapeIdentifier(name)}` +
        (template === undefined ? '' : ` template ${pg.escapeIdentifier(template)}`),
    ),
  );
  return urlOfDatabase(url, name);
}

/** How long a closed connection may take to vanish from the server's list. */
const CLOSING_MS = 5_000;

/**
 * Drops a database.
 *
 * @throws when connections to it are still open; it is dropped all the same
 */
export async function dropDatabase(url: string): Promise<void> {
  const name = nameOfDatabase(url);
  const clients = await findPooledClients(url);
  if (clients.length === 0) await endPooledConnections(url);
  await asAdmin(url, async (client) => {
    const leaked = [...clients, ...(await openConnections(client, name, performance.now() + CLOSING_MS))];
    await client.query(`drop database ${pg.escapeIdentifier(name)} with (force)`);
    if (leaked.length > 0) throw new Error(`connections to ${name} were left open: ${leaked.join('; ')}`);
  });
}

async function openConnections(client: pg.Client, name: string, deadlineMs: number): Promise<string[]> {
  for (;;) {
    const { rows } = await client.query<{ shown: string }>(
      `select concat_ws(' ', application_name, state, query) as shown from pg_stat_activity
       where datname = $1 and backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0 || performance.now() > deadlineMs) return rows.map((row) => row.shown);
    await delay(10);
  }
}
