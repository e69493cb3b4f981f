import { type ReactElement, type Ref, useEffect, useRef, useState } from 'react';
import { STATUSES } from '../../components/statuses.ts';
import { setParameters, useParameters } from '../../router/location.ts';
import { FILTERS } from './batch-filters.ts';

const DEBOUNCE_MS = 250;

const MORE = ['kind', 'name', 'scope', 'created_after', 'created_before'] as const;

/** The filters of the list; the address holds them. */
export function FilterBar({ searchRef }: { searchRef: Ref<HTMLInputElement> }): ReactElement {
  const query = useParameters();
  const count = FILTERS.filter((name) => query.has(name)).length;
  const [isOpen, setOpen] = useState(() => MORE.some((name) => query.has(name)));
  return (
    <form
      role="search"
      aria-label="Filter the batches"
      className="filters"
      onSubmit={(event) => event.preventDefault()}
    >
      <div className="filter-row">
        <label className="field filter-search">
          <span>Search</span>
          <TextFilter name="search" placeholder="in scope and metadata" inputRef={searchRef} />
        </label>
        <label className="field">
          <span>Has tasks in</span>
          <select
            className="input"
            value={query.get('status') ?? ''}
            onChange={({ target }) => setFilter('status', target.value)}
          >
            <option value="">any status</option>
            {STATUSES.map((status) => (
              <option key={status}>{status}</option>
            ))}
          </select>
        </label>
        <button
          type="button"
          className="button"
          aria-expanded={isOpen}
          aria-controls="more-filters"
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Fewer filters' : 'More filters'}
        </button>
        {count > 0 && (
          <button type="button" className="button" data-look="plain" onClick={() => clearFilters()}>
            Clear {count === 1 ? 'the filter' : `${count} filters`}
          </button>
        )}
      </div>
      <div id="more-filters" className="filter-row" hidden={!isOpen}>
        <label className="field">
          <span>Kind</span>
          <TextFilter name="kind" placeholder="part of it" />
        </label>
        <label className="field">
          <span>Task name</span>
          <TextFilter name="name" placeholder="part of it" />
        </label>
        <label className="field">
          <span>Scope</span>
          <TextFilter name="scope" placeholder="exactly" />
        </label>
        <TimeFilter name="created_after" label="Created after" />
        <TimeFilter name="created_before" label="Created before" />
      </div>
    </form>
  );
}

/** A changed filter begins at the first page. */
const setFilter = (name: string, value: string): void => setParameters({ [name]: value, after: undefined });

export function clearFilters(): void {
  setParameters(Object.fromEntries([...FILTERS, 'after'].map((name) => [name, undefined])));
}

interface TextFilterProps {
  readonly name: string;
  readonly placeholder: string;
  readonly inputRef?: Ref<HTMLInputElement>;
}

/** Follows the address, and changes it when the typing rests. */
function TextFilter({ name, placeholder, inputRef }: TextFilterProps): ReactElement {
  const given = useParameters().get(name) ?? '';
  const [text, setText] = useState(given);
  const written = useRef(given);
  useEffect(() => {
    if (given !== written.current) setText(given);
    written.current = given;
  }, [given]);
  useEffect(() => {
    if (text === written.current) return undefined;
    const timer = setTimeout(() => {
      written.current = text;
      setFilter(name, text);
    }, DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [name, text]);
  return (
    <input
      className="input"
      type="search"
      value={text}
      placeholder={placeholder}
      maxLength={255}
      {...(inputRef === undefined ? {} : { ref: inputRef })}
      onChange={({ target }) => setText(target.value)}
    />
  );
}

function TimeFilter({ name, label }: { name: string; label: string }): ReactElement {
  const given = useParameters().get(name);
  return (
    <label className="field filter-time">
      <span>{label}</span>
      <input
        className="input"
        type="datetime-local"
        value={toLocal(given)}
        onChange={({ target }) => {
          const time = new Date(target.value);
          setFilter(name, Number.isNaN(time.getTime()) ? '' : time.toISOString());
        }}
      />
    </label>
  );
}

/** As a field of local time takes it; empty when it is no time. */
function toLocal(time: string | null): string {
  const date = new Date(time ?? '');
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
