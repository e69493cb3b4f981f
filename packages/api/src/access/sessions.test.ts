import { AccessTokens } from '@arcrun/config';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Sessions } from './sessions.ts';

const TOKEN = 'the-first-of-the-tokens';
const WEEK_MS = 7 * 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a session ends after a week, whatever the browser does', () => {
  const sessions = new Sessions(new AccessTokens([TOKEN]), 'http://arcrun.example');
  const [cookie] = sessions.open(TOKEN).split(';', 1);
  vi.advanceTimersByTime(WEEK_MS - 1);
  expect(sessions.isOpen(cookie)).toBe(true);
  vi.advanceTimersByTime(1);
  expect(sessions.isOpen(cookie)).toBe(false);
});
