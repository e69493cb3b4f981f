import { Dialog } from '@base-ui/react/dialog';
import { type KeyboardEvent, type ReactElement, useState } from 'react';
import { navigate } from '../router/location.ts';
import { toUrl } from '../router/routes.ts';
import { type Command, useOfferedCommands } from './commands.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Everything that can be done from here, found by typing; an id leads to its batch or task. */
export function CommandPalette({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog palette" aria-label="Command palette">
          <Palette onClose={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Palette({ onClose }: { onClose: () => void }): ReactElement {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = find(useOfferedCommands().toReversed().flat(), text.trim());
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) setChosen((chosen + step + found.length) % found.length);
    else if (event.key === 'Enter') run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        className="input"
        role="combobox"
        aria-label="Command, page or id"
        aria-expanded="true"
        aria-controls="palette-list"
        {...(found.length > 0 ? { 'aria-activedescendant': `palette-${chosen}` } : {})}
        placeholder="A command, a page, or the id of a batch or task"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-list" className="palette-list" role="listbox" aria-label="Found">
        {found.map((command, index) => (
          <div
            key={command.title}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            onPointerMove={() => setChosen(index)}
            onClick={() => run(command)}
          >
            <span>{command.title}</span>
            {command.key !== undefined && <kbd>{command.key}</kbd>}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="faint">Nothing has that name here.</p>}
    </>
  );
}

function find(commands: readonly Command[], text: string): readonly Command[] {
  if (UUID.test(text)) {
    return [
      {
        title: `Open the batch ${text}`,
        run: () => navigate(toUrl({ page: 'batch', batchId: text, tab: 'graph' })),
      },
      { title: `Open the task ${text}`, run: () => navigate(toUrl({ page: 'task', taskId: text })) },
    ];
  }
  const words = text.toLowerCase().split(/\s+/);
  const matching = commands.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)));
  if (text === '') return matching;
  return [
    ...matching,
    {
      title: `Search the batches for “${text}”`,
      run: () => navigate(toUrl({ page: 'batches' }, { search: text })),
    },
  ];
}
