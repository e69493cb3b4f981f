import type { ReactElement } from 'react';
import type { Status } from '../api/types.ts';

/** Shapes that differ without their colours, in a square of 16. The graph draws the same ones. */
export const STATUS_SHAPES: Readonly<Record<Status, string>> = {
  Waiting: 'M4 2h8M4 14h8M5 2c0 4 6 8 6 12M11 2c0 4-6 8-6 12',
  Pending: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M8 5v3.5l2.5 1.5',
  Claimed: 'M2 8h9M7.5 4l4 4-4 4M14 3v10',
  Running: 'M5 3v10l8-5z',
  Success: 'M2.5 8.5l4 4 7-9',
  Failure: 'M3 3l10 10M13 3L3 13',
  Paused: 'M5.5 3v10M10.5 3v10',
  Canceled: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M4 12L12 4',
};

/** The icon of a status. It says nothing to ears: put it beside the word, or give it a label. */
export function StatusIcon({ status, label }: { status: Status; label?: string }): ReactElement {
  return (
    <svg
      viewBox="0 0 16 16"
      fill={status === 'Running' ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      <path d={STATUS_SHAPES[status]} />
    </svg>
  );
}
