import { Toast } from '@base-ui/react/toast';
import type { ReactElement, ReactNode } from 'react';

const manager = Toast.createToastManager();
const SHOWN_MS = 6000;

/** Tells what came of something. Errors stay until they are closed. */
export function toast(type: 'success' | 'error', title: string, text?: string): void {
  manager.add({
    type,
    title,
    ...(text === undefined || text === '' ? {} : { description: text }),
    timeout: type === 'error' ? 0 : SHOWN_MS,
    priority: type === 'error' ? 'high' : 'low',
  });
}

/** Tells how far something is, until it is closed. */
export function progressToast(title: string): {
  readonly update: (title: string) => void;
  readonly close: () => void;
} {
  const id = manager.add({ title, timeout: 0, priority: 'low' });
  return { update: (next) => manager.update(id, { title: next }), close: () => manager.close(id) };
}

export function Toasts({ children }: { children: ReactNode }): ReactElement {
  return (
    <Toast.Provider toastManager={manager}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function ToastList(): ReactElement[] {
  return Toast.useToastManager().toasts.map((one) => (
    <Toast.Root key={one.id} toast={one} className="toast">
      <Toast.Title className="toast-title" />
      <Toast.Close className="button" data-look="plain" aria-label="Close">
        ×
      </Toast.Close>
      <Toast.Description className="toast-text" />
    </Toast.Root>
  ));
}
