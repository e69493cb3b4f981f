import { AlertDialog } from '@base-ui/react/alert-dialog';
import { type ReactElement, type ReactNode, useSyncExternalStore } from 'react';

interface Question {
  readonly title: string;
  /** What will happen. */
  readonly text: ReactNode;
  /** The verb on the button. */
  readonly verb: string;
  readonly isDangerous?: boolean;
}

let open: { readonly question: Question; readonly answer: (yes: boolean) => void } | undefined;
const listeners = new Set<() => void>();

function set(value: typeof open): void {
  open = value;
  for (const listener of listeners) listener();
}

/** Asks before something is done; resolves to whether it may be. */
export function confirm(question: Question): Promise<boolean> {
  open?.answer(false);
  return new Promise((resolve) => {
    set({
      question,
      answer: (yes) => {
        set(undefined);
        resolve(yes);
      },
    });
  });
}

/** The place where questions appear; once in the app. */
export function Confirmations(): ReactElement {
  const current = useSyncExternalStore(subscribe, () => open);
  return (
    <AlertDialog.Root
      open={current !== undefined}
      onOpenChange={(isOpen) => !isOpen && current?.answer(false)}
    >
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title render={<h2 />}>{current?.question.title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />}>{current?.question.text}</AlertDialog.Description>
          <div className="dialog-actions">
            <button className="button" onClick={() => current?.answer(false)}>
              Go back
            </button>
            <button
              className="button"
              data-look={current?.question.isDangerous === true ? 'danger' : 'primary'}
              onClick={() => current?.answer(true)}
            >
              {current?.question.verb}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
