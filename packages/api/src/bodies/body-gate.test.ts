import { expect, test } from 'vitest';
import { BIG_BODY_BYTES, BodyGate } from './body-gate.ts';

const MIB = BIG_BODY_BYTES;

test('small bodies hold nothing', () => {
  const gate = new BodyGate(0);
  gate.enter().hold(MIB + 1);
  for (let i = 0; i < 100; i++) gate.enter().hold(MIB);
});

// proves: http/big-bodies
test('what has no room is refused with the time to come again, until something is given back', () => {
  const gate = new BodyGate(5 * MIB);
  const [first, second, third] = [gate.enter(), gate.enter(), gate.enter()];
  first.hold(2 * MIB);
  second.hold(2 * MIB);
  expect(() => third.hold(2 * MIB)).toThrow(
    expect.objectContaining({ status: 503, headers: { 'retry-after': '1', connection: 'close' } }),
  );
  first.free();
  first.free();
  third.hold(2 * MIB);
  expect(() => first.hold(2 * MIB)).toThrow();
});

test('a body that grows counts once', () => {
  const gate = new BodyGate(4 * MIB);
  const [growing, other] = [gate.enter(), gate.enter()];
  for (let size = 0; size <= 2 * MIB; size += MIB / 4) growing.hold(size);
  growing.hold(MIB);
  other.hold(2 * MIB);
  expect(() => growing.hold(2 * MIB + 1)).toThrow();
  growing.free();
  gate.enter().hold(2 * MIB);
});

test('one alone is taken, whatever its size', () => {
  const gate = new BodyGate(2 * MIB);
  const alone = gate.enter();
  alone.hold(3 * MIB);
  alone.hold(4 * MIB);
  expect(() => gate.enter().hold(MIB + 1)).toThrow();
});
