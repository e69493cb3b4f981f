import { expect, test } from 'vitest';
import { UnknownOutcomeError } from './failures.ts';
import { BUSY, GroupCommit } from './group-commit.ts';

interface Commit {
  readonly items: readonly string[];
  readonly wait: boolean;
  finish(results?: (string | typeof BUSY)[]): void;
  fail(error: Error): void;
  doubt(): void;
}

/** A group commit whose commits are finished by hand. */
function make(options: { maxItems?: number; keyOf?: (item: string) => string } = {}) {
  const commits: Commit[] = [];
  const group = new GroupCommit<string, string>({
    maxItems: options.maxItems ?? 100,
    ...(options.keyOf && { keyOf: options.keyOf }),
    commit: (items, wait, doubt) =>
      new Promise((resolve, reject) => {
        commits.push({
          items,
          wait,
          doubt,
          finish: (results = items.map((item) => `${item}!`)) => resolve(results),
          fail: reject,
        });
      }),
  });
  return { group, commits };
}

/** Lets what has been settled go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const unavailable = () => Object.assign(new Error('gone'), { code: '57P01' });

// proves: http/put-fast
test('the first item commits at once, and what arrives meanwhile is the next group', async () => {
  const { group, commits } = make();
  const results = ['a', 'b', 'c'].map((item) => group.submit(item));
  expect(commits.map((commit) => commit.items)).toEqual([['a']]);
  commits[0]!.finish();
  await settle();
  expect(commits.map((commit) => commit.items)).toEqual([['a'], ['b', 'c']]);
  expect(commits.every((commit) => !commit.wait)).toBe(true);
  commits[1]!.finish();
  expect(await Promise.all(results)).toEqual(['a!', 'b!', 'c!']);
});

test('no group is larger than its bound', async () => {
  const { group, commits } = make({ maxItems: 2 });
  const results = ['a', 'b', 'c', 'd'].map((item) => group.submit(item));
  for (const [index, expected] of [['a'], ['b', 'c'], ['d']].entries()) {
    expect(commits[index]!.items).toEqual(expected);
    commits[index]!.finish();
    await settle();
  }
  expect(await Promise.all(results)).toHaveLength(4);
});

test('items of one key go one after another, in the order they came', async () => {
  const { group, commits } = make({ keyOf: (item) => item[0]! });
  for (const item of ['x', 'a1', 'a2', 'b1', 'a3']) void group.submit(item);
  commits[0]!.finish();
  await settle();
  expect(commits[1]!.items).toEqual(['a1', 'b1']);
  commits[1]!.finish();
  await settle();
  expect(commits[2]!.items).toEqual(['a2']);
  commits[2]!.finish();
  await settle();
  expect(commits[3]!.items).toEqual(['a3']);
});

test('a bad item fails its own caller only: a failed group runs again in halves', async () => {
  const group = new GroupCommit<string, string>({
    maxItems: 100,
    commit: async (items) => {
      await settle();
      if (items.includes('bad')) throw Object.assign(new Error('bad item'), { code: '22003' });
      return items.map((item) => `${item}!`);
    },
  });
  const items = ['first', 'a', 'b', 'bad', 'c', 'd', 'e'];
  const results = await Promise.allSettled(items.map((item) => group.submit(item)));
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([
    'first!',
    'a!',
    'b!',
    'failed',
    'c!',
    'd!',
    'e!',
  ]);
});

test.each([
  ['that is gone', unavailable()],
  ['that does not tell what became of the commit', new UnknownOutcomeError(unavailable())],
])('a database %s fails the whole group at once, and once', async (_, error) => {
  const { group, commits } = make();
  void group.submit('first');
  const results = Promise.allSettled(['a', 'b', 'c', 'd'].map((item) => group.submit(item)));
  commits[0]!.finish();
  await settle();
  commits[1]!.fail(error);
  expect((await results).map((result) => result.status)).toEqual(Array(4).fill('rejected'));
  expect(commits).toHaveLength(2);
});

test('what somebody else has locked goes alone and waits, and holds nobody up', async () => {
  const { group, commits } = make({ keyOf: (item) => item });
  const locked = group.submit('locked');
  commits[0]!.finish([BUSY]);
  await settle();
  expect(commits[1]).toMatchObject({ items: ['locked'], wait: true });
  const other = group.submit('other');
  await settle();
  expect(commits[2]).toMatchObject({ items: ['other'], wait: false });
  commits[2]!.finish();
  expect(await other).toBe('other!');
  // Another one of the same key waits for it.
  void group.submit('locked');
  await settle();
  expect(commits).toHaveLength(3);
  commits[1]!.finish();
  expect(await locked).toBe('locked!');
  await settle();
  expect(commits[3]).toMatchObject({ items: ['locked'], wait: false });
});

test('under load the next groups take what was locked, before it goes alone', async () => {
  const { group, commits } = make({ keyOf: (item) => item.slice(0, 1) });
  void group.submit('first');
  const locked = group.submit('locked');
  const free = group.submit('free');
  const later = group.submit('later');
  commits[0]!.finish();
  await settle();
  expect(commits[1]).toMatchObject({ items: ['locked', 'free'], wait: false });
  commits[1]!.finish([BUSY, 'free!']);
  expect(await free).toBe('free!');
  await settle();
  // In its place: nobody of the same key comes before it.
  for (const n of [2, 3, 4, 5]) {
    expect(commits[n]).toMatchObject({ items: ['locked'], wait: false });
    commits[n]!.finish([BUSY]);
    await settle();
  }
  expect(commits[6]).toMatchObject({ items: ['locked'], wait: true });
  commits[6]!.finish();
  expect(await locked).toBe('locked!');
  await settle();
  commits[7]!.finish();
  expect(await later).toBe('later!');
});

test('idle means that nothing waits, is under way, or goes alone', async () => {
  const { group, commits } = make();
  await group.idle();
  let isIdle = false;
  void group.submit('a');
  void group.idle().then(() => (isIdle = true));
  commits[0]!.finish([BUSY]);
  await settle();
  void group.submit('b');
  commits[1]!.finish();
  await settle();
  expect(isIdle).toBe(false);
  commits[2]!.finish();
  await settle();
  expect(isIdle).toBe(true);
});

test('a commit whose outcome is in doubt holds up nobody, but what is about the same', async () => {
  const { group, commits } = make({ keyOf: (item) => item[0]! });
  const [doubted, same, other] = ['a1', 'a2', 'b'].map((item) => group.submit(item));
  commits[0]!.doubt();
  commits[0]!.doubt();
  expect(commits.map((commit) => commit.items)).toEqual([['a1'], ['b']]);
  let isIdle = false;
  void group.idle().then(() => (isIdle = true));
  commits[1]!.finish();
  expect(await other).toBe('b!');
  await settle();
  expect(isIdle).toBe(false);
  commits[0]!.finish();
  expect(await doubted).toBe('a1!');
  await settle();
  commits[2]!.finish();
  expect(await same).toBe('a2!');
  await settle();
  expect(isIdle).toBe(true);
});
