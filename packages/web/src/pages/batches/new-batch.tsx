import { Dialog } from '@base-ui/react/dialog';
import { type ReactElement, useState } from 'react';
import { DemoForm } from './demo-form.tsx';
import { Samples } from './samples.tsx';

/** How a batch is made, for when there are some already. */
export function NewBatch(): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <Dialog.Root open={isOpen} onOpenChange={setOpen}>
      <Dialog.Trigger className="button">New batch …</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog wide">
          <Dialog.Title render={<h2 />}>A new batch</Dialog.Title>
          <Samples />
          <DemoForm onPosted={() => setOpen(false)} />
          <div className="dialog-actions">
            <Dialog.Close className="button">Close</Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
