import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CallSlot, OpenCalls } from './open-calls.ts';

let told: string[];

beforeEach(() => {
  told = [];
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const openCalls = (max: number) =>
  new OpenCalls({ max, onRoom: () => told.push('room'), onOriginRoom: () => told.push('origin room') });

/** Begins a call. It ends when the function is called, with an answer or without. */
function begin(calls: OpenCalls, id: string, origin: string): (answered: boolean) => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  calls.begin(id, origin, () => promise);
  return async (answered) => {
    resolve(answered);
    await promise;
    await Promise.resolve();
  };
}

const roomOf = (calls: OpenCalls, origin: string): number => {
  const { rooms, originRoom } = calls.rooms();
  return rooms.get(origin) ?? originRoom;
};

// proves: webhooks/origin-cap
test('an origin that answers gets half of the places, one that never did a few', async () => {
  const calls = openCalls(256);
  expect(roomOf(calls, 'a')).toBe(8);
  const end = begin(calls, '1', 'a');
  expect(roomOf(calls, 'a')).toBe(7);
  await end(true);
  expect(roomOf(calls, 'a')).toBe(128);
  begin(calls, '2', 'a');
  expect(roomOf(calls, 'a')).toBe(127);
});

test('a call without an answer takes trust away, an answer gives it back', async () => {
  const calls = openCalls(256);
  await begin(calls, '1', 'a')(true);
  await begin(calls, '2', 'a')(false);
  expect(roomOf(calls, 'a')).toBe(64);
  await begin(calls, '3', 'a')(true);
  expect(roomOf(calls, 'a')).toBe(128);
});

test('of two calls of one task, the end of the first leaves the second known', async () => {
  const calls = openCalls(256);
  const endFirst = begin(calls, 'task', 'a');
  const endSecond = begin(calls, 'task', 'a');
  expect(calls.room).toBe(254);
  await endFirst(true);
  expect([calls.ids, calls.room]).toEqual([['task'], 255]);
  await endSecond(true);
  expect([calls.ids, calls.room]).toEqual([[], 256]);
});

test('while its oldest call hangs an origin has half as much', async () => {
  const calls = openCalls(256);
  await begin(calls, '1', 'a')(true);
  const end = begin(calls, 'slow', 'a');
  vi.advanceTimersByTime(1900);
  expect(roomOf(calls, 'a')).toBe(127);
  vi.advanceTimersByTime(200);
  expect(roomOf(calls, 'a')).toBe(63);
  await end(true);
  expect(roomOf(calls, 'a')).toBe(128);
});

// proves: webhooks/slow-receivers
test('many origins that do not answer any more leave room for others', async () => {
  const calls = openCalls(256);
  for (let origin = 0; origin < 25; origin++) {
    await begin(calls, 'answered', `dead-${origin}`)(true);
    await begin(calls, 'unanswered', `dead-${origin}`)(false);
  }
  for (let id = 0; id < 10_000; id++) {
    const origin = `dead-${id % 25}`;
    if (roomOf(calls, origin) > 0) begin(calls, String(id), origin);
  }
  expect(calls.room).toBeGreaterThan(100);
  expect(roomOf(calls, 'new')).toBeGreaterThan(0);
});

test('the least worker calls at least one at a time', () => {
  const calls = openCalls(1);
  expect(roomOf(calls, 'a')).toBe(1);
  begin(calls, '1', 'a');
  expect(roomOf(calls, 'a')).toBe(0);
  expect(calls.room).toBe(0);
});

test('it tells when there is room again, in all and for an origin', async () => {
  const calls = openCalls(2);
  const endA = begin(calls, 'a', 'a');
  const endB = begin(calls, 'b', 'b');
  expect(told).toEqual([]);
  await endA(true);
  expect(told).toEqual(['room', 'origin room']);
  await endB(true);
  expect(told).toEqual(['room', 'origin room', 'origin room']);
});

test('origins without open calls are forgotten beyond a bound', async () => {
  const calls = openCalls(256);
  begin(calls, 'open', 'kept');
  for (let origin = 0; origin < 500; origin++) await begin(calls, `${origin}`, `o${origin}`)(true);
  expect(calls.rooms().rooms.size).toBeLessThanOrEqual(101);
  expect(calls.rooms().rooms.has('kept')).toBe(true);
});

test('it tells what it has no room for', async () => {
  const calls = openCalls(64);
  expect(calls.load()).toEqual({ isFull: false, fullOrigins: [] });
  const ends = Array.from({ length: 8 }, (_, index) => begin(calls, `a${index}`, 'a'));
  begin(calls, 'b', 'b');
  expect(calls.load()).toEqual({ isFull: false, fullOrigins: ['a'] });
  await ends[0]!(true);
  expect(calls.load()).toEqual({ isFull: false, fullOrigins: [] });
  for (let index = 0; calls.room > 0; index++) begin(calls, `c${index}`, 'c');
  expect(calls.load().isFull).toBe(true);
});

/** Begins a call that is told what to do with its place. */
function beginInSteps(calls: OpenCalls, id: string, origin: string) {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let slot: CallSlot | undefined;
  calls.begin(id, origin, (given) => {
    slot = given;
    return promise;
  });
  const end = async (answered: boolean) => {
    resolve(answered);
    await promise;
    await Promise.resolve();
  };
  return { slot: slot!, end };
}

test('a call that pauses gives its place to others, and is still known', async () => {
  const calls = openCalls(4);
  await begin(calls, '1', 'a')(true);
  const { slot, end } = beginInSteps(calls, '2', 'a');
  expect([calls.room, roomOf(calls, 'a')]).toEqual([3, 1]);
  slot.pause(true);
  expect([calls.room, roomOf(calls, 'a'), calls.ids]).toEqual([4, 2, ['2']]);
  expect(slot.resume()).toBe(true);
  expect([calls.room, roomOf(calls, 'a')]).toEqual([3, 1]);
  slot.pause(true);
  await end(true);
  expect([calls.room, roomOf(calls, 'a'), calls.ids]).toEqual([4, 2, []]);
});

test('it takes a place again when there is one', async () => {
  const calls = openCalls(4);
  await begin(calls, '1', 'a')(true);
  const { slot, end } = beginInSteps(calls, '2', 'a');
  slot.pause(true);
  const ends = ['3', '4'].map((id) => begin(calls, id, 'a'));
  expect([slot.hasRoom, slot.resume()]).toEqual([false, false]);
  await ends[0]!(true);
  expect([slot.hasRoom, slot.resume()]).toEqual([true, true]);
  expect(roomOf(calls, 'a')).toBe(0);
  await ends[1]!(true);
  await end(true);
  expect([calls.room, calls.ids]).toEqual([4, []]);
});

test('an origin that was forgotten during a pause is known again', () => {
  const calls = openCalls(256);
  const { slot } = beginInSteps(calls, '1', 'a');
  slot.pause(true);
  for (let origin = 0; origin < 101; origin++) begin(calls, `of ${origin}`, `http://${origin}`);
  expect(calls.rooms().rooms.has('a')).toBe(false);
  expect(slot.resume()).toBe(true);
  expect(roomOf(calls, 'a')).toBeLessThan(8);
});

test('no more pause than there are places; further ones keep theirs', () => {
  const calls = openCalls(2);
  const slots = ['a', 'b', 'c'].map((origin) => {
    const { slot } = beginInSteps(calls, origin, origin);
    slot.pause(true);
    return slot;
  });
  expect(calls.room).toBe(1);
  expect(slots[2]!.resume()).toBe(true);
  expect(calls.room).toBe(1);
});
