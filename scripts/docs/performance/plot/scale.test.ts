import { describe, expect, test } from 'vitest';
import { chooseScale } from './scale.ts';

describe('values close together', () => {
  test('have an axis from zero that ends at a round number', () => {
    const scale = chooseScale([1390, 1640, Number.NaN]);
    expect(scale.ticks).toEqual([0, 500, 1000, 1500, 2000]);
    expect(scale.placeOf(500)).toBe(0.25);
    expect(scale.isLog).toBe(false);
  });

  test('the axis ends at the largest value if that is round', () => {
    expect(chooseScale([10]).ticks.at(-1)).toBe(10);
  });
});

describe('values far apart', () => {
  test('have a logarithmic axis', () => {
    const scale = chooseScale([222, 24_000]);
    expect(scale.ticks).toEqual([200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000]);
    expect(scale.placeOf(200)).toBe(0);
    expect(scale.placeOf(50_000)).toBe(1);
  });

  test('over many decades only powers of ten are ticks', () => {
    expect(chooseScale([3, 15_200]).ticks).toEqual([10, 100, 1000, 10_000]);
  });

  test('but not when one is zero, which has no logarithm', () => {
    expect(chooseScale([0, 15_200]).isLog).toBe(false);
  });
});

test('an axis has room for what is below zero', () => {
  const { ticks, placeOf } = chooseScale([-3, 15]);
  expect(ticks).toEqual([-5, 0, 5, 10, 15]);
  expect(placeOf(0)).toBe(0.25);
});

test('so it has when nothing is above', () => {
  expect(chooseScale([-10]).ticks).toEqual([-10, -8, -6, -4, -2, 0]);
});

test.each([[[]], [[Number.NaN]], [[0, 0]]])('%o has an axis all the same', (values: number[]) => {
  const { ticks, placeOf } = chooseScale(values);
  expect([ticks[0], ticks.at(-1)]).toEqual([0, 1]);
  expect(placeOf(0.5)).toBe(0.5);
});
