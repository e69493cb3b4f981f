import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spreadLabels, widthOf } from './labels.ts';

const SIZE = 10;
const ENDS = { from: 0, to: 400 };
const label = (x: number) => ({ text: 'a label', className: '', x });

test('labels with room stay where they are', () => {
  expect(spreadLabels([label(300), label(100)], SIZE, ENDS)).toEqual([label(100), label(300)]);
});

test('labels that fit overlap neither one another nor the ends', () => {
  const place = fc.integer({ min: ENDS.from, max: ENDS.to });
  fc.assert(
    fc.property(fc.array(place, { maxLength: 6 }), (places) => {
      const width = widthOf('a label', SIZE);
      const spread = spreadLabels(places.map(label), SIZE, ENDS).map(({ x }) => x);
      spread.forEach((x, index) => {
        const before = index === 0 ? ENDS.from - width / 2 : spread[index - 1]!;
        expect(x - before).toBeGreaterThanOrEqual(width - 1e-9);
        expect(x + width / 2).toBeLessThanOrEqual(ENDS.to + 1e-9);
      });
    }),
  );
});
