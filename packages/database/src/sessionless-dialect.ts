import { PostgresAdapter, PostgresDialect } from 'kysely';

/**
 * Postgres without the lock that Kysely's migrator takes: it belongs to the session, which a pooler lends to others
 * between two statements. `migrate()` takes one that belongs to its transaction.
 */
export class SessionlessDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new SessionlessAdapter();
  }
}

class SessionlessAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}
