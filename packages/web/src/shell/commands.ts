import { useEffect, useSyncExternalStore } from 'react';

/** Something that a key, or a line of the palette, does. */
export interface Command {
  /** What it does, as the palette and the list of keys say it. */
  readonly title: string;
  /** A key as `KeyboardEvent.key` names it; two with a blank between are pressed one after the other (`g b`). */
  readonly key?: string;
  readonly run: () => void;
}

let groups: readonly (readonly Command[])[] = [];
const listeners = new Set<() => void>();

function set(next: typeof groups): void {
  groups = next;
  for (const listener of listeners) listener();
}

/** Offers commands for as long as the component is there. Give a stable array (`useMemo`). */
export function useCommands(commands: readonly Command[]): void {
  useEffect(() => {
    set([...groups, commands]);
    return () => set(groups.filter((group) => group !== commands));
  }, [commands]);
}

/** All commands that are offered, those of the page last. */
export function useOfferedCommands(): readonly (readonly Command[])[] {
  return useSyncExternalStore(subscribe, () => groups);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The command of a key; that of the page counts before that of the shell. */
function commandOf(key: string): Command | undefined {
  return groups.flat().findLast((command) => command.key === key);
}

const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

const isInDialog = ({ target }: KeyboardEvent): boolean =>
  target instanceof Element &&
  target.closest('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;

const SEQUENCE_MS = 1000;
let pressed = { key: '', atMs: 0 };

/** Runs the command of a key that was pressed outside of fields and dialogs. */
export function handleKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    commandOf('Ctrl+K')?.run();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event) || isInDialog(event)) return;
  const isSecond = event.timeStamp - pressed.atMs < SEQUENCE_MS;
  const command = (isSecond ? commandOf(`${pressed.key} ${event.key}`) : undefined) ?? commandOf(event.key);
  pressed = { key: event.key, atMs: event.timeStamp };
  if (command === undefined) return;
  // A focused button or link has its own meaning of Enter.
  if (event.key === 'Enter' && event.target instanceof Element && event.target.closest('a, button')) return;
  event.preventDefault();
  command.run();
}
