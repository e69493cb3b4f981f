import type { ReactElement } from 'react';
import { toast } from '../shell/toasts.tsx';

/** Copies a text. Browsers allow it on secure pages only; elsewhere the toast shows the text to select. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }): ReactElement {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      toast('success', 'Copied');
    } catch {
      toast('error', 'The browser does not let this page copy', text);
    }
  };
  return (
    <button className="button" type="button" onClick={() => void copy()}>
      {label}
    </button>
  );
}
