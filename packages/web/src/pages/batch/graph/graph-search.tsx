import { type KeyboardEvent, type ReactElement, type Ref, useState } from 'react';
import type { BasicTask } from '../../../api/types.ts';
import { StatusIcon } from '../../../components/status-icon.tsx';
import { countName } from '../../../components/statuses.ts';

const SHOWN = 12;

interface GraphSearchProps {
  readonly tasks: readonly BasicTask[];
  readonly onFound: (task: BasicTask) => void;
  readonly inputRef: Ref<HTMLInputElement>;
}

/** Finds a task by its name, kind or id, and jumps to it. */
export function GraphSearch({ tasks, onFound, inputRef }: GraphSearchProps): ReactElement {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const words = text.trim().toLowerCase();
  const found = words === '' ? [] : findTasks(tasks, words);
  const take = (task: BasicTask | undefined): void => {
    if (task === undefined) return;
    setText('');
    onFound(task);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) setChosen((chosen + step + found.length) % found.length);
    else if (event.key === 'Enter') take(found[chosen]);
    else if (event.key === 'Escape') {
      setText('');
      event.currentTarget.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <div className="graph-search">
      <input
        ref={inputRef}
        className="input"
        type="search"
        role="combobox"
        aria-label="Find a task"
        aria-expanded={found.length > 0}
        aria-controls="graph-found"
        {...(found.length > 0 ? { 'aria-activedescendant': `graph-found-${chosen}` } : {})}
        placeholder="Find a task"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div
        id="graph-found"
        role="listbox"
        aria-label="Found tasks"
        className="graph-found"
        hidden={found.length === 0}
      >
        {found.map((task, place) => (
          <div
            key={task.id}
            id={`graph-found-${place}`}
            role="option"
            aria-selected={place === chosen}
            data-status={countName(task.status)}
            className="status"
            onPointerMove={() => setChosen(place)}
            onClick={() => take(task)}
          >
            <StatusIcon status={task.status} label={task.status} />
            <span className="cut">{task.name}</span>
            <span className="faint cut">{task.kind}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

function findTasks(tasks: readonly BasicTask[], text: string): BasicTask[] {
  const found: BasicTask[] = [];
  for (const task of tasks) {
    if (
      !task.name.toLowerCase().includes(text) &&
      !task.kind.toLowerCase().includes(text) &&
      task.id !== text
    )
      continue;
    found.push(task);
    if (found.length === SHOWN) break;
  }
  return found;
}
