import { Dialog } from '@base-ui/react/dialog';
import type { ReactElement } from 'react';
import { useOfferedCommands } from './commands.ts';

/** The keys that work here. */
export function KeyboardHelp({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): ReactElement {
  const commands = useOfferedCommands()
    .flat()
    .filter(({ key }) => key !== undefined);
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title render={<h2 />}>Keys</Dialog.Title>
          <dl className="keys">
            {commands.map(({ key, title }) => (
              <div key={`${key} ${title}`} style={{ display: 'contents' }}>
                <dt>
                  {key!.split(' ').map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dt>
                <dd>{title}</dd>
              </div>
            ))}
          </dl>
          <div className="dialog-actions">
            <Dialog.Close className="button">Close</Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
