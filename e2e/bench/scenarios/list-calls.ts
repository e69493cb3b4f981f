/** A call of a list, with other values each time. */
export interface ListCall {
  /** How it is told apart in reports. */
  readonly name: string;
  /** @param turn how often it was sent before */
  readonly path: (turn: number) => string;
  /** Whether it finds anything. */
  readonly hasRows: boolean;
}

/** What there is to ask for. */
export interface KnownHistory {
  readonly batches: number;
  /** Some of all ages but the oldest. */
  readonly someBatches: readonly KnownBatch[];
  /** Some of 1,000 tasks. */
  readonly largeBatches: readonly KnownBatch[];
  /** The `order` in the metadata of some tasks, which their names end with, in eight digits. */
  readonly orders: readonly number[];
  /** The last of the numbered pages of 100 rows. */
  readonly lastPage: number;
}

export interface KnownBatch {
  readonly id: string;
  /** RFC 3339 */
  readonly createdAt: string;
}

const LIVE = ['Waiting', 'Pending', 'Claimed', 'Running', 'Paused'];

/** `GET /task` with each filter, with hits and misses, some together; the first page, numbered pages, and by key. */
export function taskCalls(history: KnownHistory): ListCall[] {
  const list = callsOf('/task', history, (batch) => ({
    createdAt: batch.createdAt,
    batchId: batch.id,
    position: 0,
  }));
  return [
    ...list.paged('all', ''),
    ...list.paged('name, an eighth', 'name=orders'),
    ...list.paged('name of 3', 'name=ext'),
    list.numbered('name, the older half', 'name=legacy-'),
    list.first('name, the older half', 'name=legacy-'),
    list.first('name, one in 200', (turn) => `name=${111 * (1 + (turn % 9))}`),
    list.first('name, one', (turn) => `name=${String(pick(history.orders, turn)).padStart(8, '0')}`),
    list.miss('name, none', 'name=nowhere'),
    list.miss('name of 3, none', 'name=qqq'),
    ...list.paged('kind', 'kind=extract'),
    list.first('kind, part of two', 'kind=trans'),
    list.first('kind, one task', 'kind=yearly'),
    list.miss('kind, none', 'kind=nothing'),
    ...list.paged('status Success', 'status=Success'),
    ...list.paged('status Failure', 'status=Failure'),
    list.numbered('status Canceled', 'status=Canceled'),
    ...LIVE.map((status) => list.first(`status ${status}`, `status=${status}`)),
    list.first(
      'batch_id',
      (turn) => `batch_id=${pick(history.largeBatches, turn).id}&page=${turn % 10}&page_size=100`,
    ),
    list.first(
      'batch_id and status',
      (turn) => `batch_id=${pick(history.largeBatches, turn).id}&status=Success`,
    ),
    list.first('batch_id and name', (turn) => `batch_id=${pick(history.largeBatches, turn).id}&name=orders`),
    list.numbered('timeout, most', 'timeout=60'),
    ...list.paged('timeout, a tenth', 'timeout=3600'),
    list.first('timeout, one task', 'timeout=86400'),
    list.miss('timeout, none', 'timeout=77'),
    ...list.paged('metadata, one batch in 50', (turn) => metadata({ tenant: `tenant-${turn % 50}` })),
    ...list.paged('metadata, one task in 40', (turn) => metadata({ shard: turn % 40 })),
    list.first('metadata, one task', (turn) => metadata({ order: pick(history.orders, turn) })),
    list.miss('metadata, none', metadata({ tenant: 'nobody' })),
    list.first('kind and status', 'kind=extract&status=Failure'),
    list.first('name and status', 'name=orders&status=Success'),
    list.first('name and live status', 'name=orders&status=Running'),
    list.first('kind and metadata', (turn) => `kind=load&${metadata({ shard: turn % 40 })}`),
  ];
}

/** `GET /batches`, likewise. */
export function batchCalls(history: KnownHistory): ListCall[] {
  const list = callsOf('/batches', history, (batch) => ({ createdAt: batch.createdAt, batchId: batch.id }));
  const before = (turn: number) =>
    `created_before=${encodeURIComponent(pick(history.someBatches, turn).createdAt)}`;
  const after = (turn: number) =>
    `created_after=${encodeURIComponent(pick(history.someBatches, turn).createdAt)}`;
  return [
    ...list.paged('all', ''),
    ...list.paged('name, all', 'name=orders'),
    list.first('name, the older half', 'name=legacy-'),
    list.first('name, one in 200', (turn) => `name=${111 * (1 + (turn % 9))}`),
    list.first('name, one', (turn) => `name=${String(pick(history.orders, turn)).padStart(8, '0')}`),
    list.miss('name, none', 'name=nowhere'),
    list.miss('name of 3, none', 'name=qqq'),
    ...list.paged('kind', 'kind=extract'),
    list.first('kind, one task', 'kind=yearly'),
    list.miss('kind, none', 'kind=nothing'),
    ...list.paged('status Success', 'status=Success'),
    list.numbered('status Failure', 'status=Failure'),
    list.first('status Canceled', 'status=Canceled'),
    ...LIVE.map((status) => list.first(`status ${status}`, `status=${status}`)),
    list.first('created_before', before),
    list.first('created_after', after),
    list.first(
      'created_after and created_before',
      (turn) => `${before(turn)}&created_after=2000-01-01T00:00:00Z`,
    ),
    list.first('scope', (turn) => `scope=flow-${(turn % 5) * 2 + 1}/eu-west`),
    list.miss('scope, none', 'scope=flow-1'),
    list.first('metadata, one in 50', (turn) => metadata({ owner: `team-${turn % 25}` })),
    list.first('metadata, one', (turn) => metadata({ run: (turn * 200 + 1) % history.batches })),
    list.miss('metadata, none', metadata({ owner: 'nobody' })),
    ...list.paged('search, half', 'search=flow'),
    list.first('search, one in 50', (turn) => `search=team-${10 + (turn % 15)}`),
    list.miss('search, none', 'search=nowhere'),
    list.first('kind, name and status', 'kind=extract&name=orders&status=Failure'),
    list.first('kind and status', 'kind=load&status=Canceled'),
  ];
}

/** A stride that meets all rests. */
const STRIDE = 7919;

const pick = <T>(list: readonly T[], turn: number): T => list[(turn * STRIDE) % list.length]!;
const metadata = (value: unknown): string => `metadata=${encodeURIComponent(JSON.stringify(value))}`;

/** Makes the calls of one list. */
function callsOf(path: string, history: KnownHistory, keyOf: (batch: KnownBatch) => unknown) {
  type Query = string | ((turn: number) => string);
  const call = (name: string, query: Query, rest: (turn: number) => string, hasRows: boolean): ListCall => ({
    name: `${path} ${name}`,
    path: (turn) => {
      const parts = [typeof query === 'string' ? query : query(turn), rest(turn)];
      return `${path}?${parts.filter((part) => part !== '').join('&')}`;
    },
    hasRows,
  });
  const first = (name: string, query: Query) => call(name, query, () => '', true);
  const miss = (name: string, query: Query) => call(name, query, () => '', false);
  const numbered = (name: string, query: Query) =>
    call(
      `${name}, by number`,
      query,
      (turn) => `page_size=100&page=${(turn * STRIDE) % (history.lastPage + 1)}`,
      true,
    );
  const byKey = (name: string, query: Query) =>
    call(
      `${name}, by key`,
      query,
      (turn) =>
        `after=${Buffer.from(JSON.stringify(keyOf(pick(history.someBatches, turn)))).toString('base64url')}`,
      true,
    );
  const paged = (name: string, query: Query) => [
    first(name, query),
    numbered(name, query),
    byKey(name, query),
  ];
  return { first, miss, numbered, byKey, paged };
}
