// The page behind /view: the list of batches, or one batch with its tasks. Whatever comes from the API is put into
// the page as text, so that a name is shown and never run. URLs are relative: the page may lie below another path.
'use strict';

const STATUSES = ['success', 'failure', 'canceled', 'running', 'claimed', 'pending', 'paused', 'waiting'];
const UNFINISHED = ['running', 'claimed', 'pending', 'paused', 'waiting'];
const BATCH_POLL_MS = 1000;
const LIST_POLL_MS = 5000;
const ROWS_SHOWN = 500;

const page = document.getElementById('page');
const problem = document.getElementById('problem');
const query = new URLSearchParams(location.search);
const batchId = query.get('batch');

/** Makes an element with text or other elements in it. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

async function ask(path) {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  // The session has ended.
  if (response.status === 401) location.assign(`sign-in?to=${encodeURIComponent(`view${location.search}`)}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `the server answered ${response.status}`);
  return { answer, link: response.headers.get('link') };
}

function table(headings, rows) {
  const heads = headings.map(([text, kind]) => make('th', { scope: 'col', class: kind ?? '' }, text));
  return make(
    'div',
    { class: 'scroll' },
    make('table', {}, make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...rows)),
  );
}

const cell = (...children) => make('td', {}, ...children);
const number = (value) => make('td', { class: 'number' }, value === null ? '–' : String(value));
const localTime = (text) => (text === null ? '–' : new Date(text).toLocaleString());
const status = (text) => make('span', { class: `status ${text.toLowerCase()}` }, text);

function bar(counts, total) {
  const element = make('div', { class: 'bar', 'aria-hidden': 'true' });
  for (const name of STATUSES) {
    if (!counts[name]) continue;
    const part = make('span', { class: name, title: `${counts[name]} ${name}` });
    part.style.width = `${(100 * counts[name]) / total}%`;
    element.append(part);
  }
  return element;
}

function legend(counts) {
  const items = STATUSES.filter((name) => counts[name] > 0).map((name) =>
    make('li', {}, make('span', { class: `status ${name}` }, `${counts[name]} ${name}`)),
  );
  return make('ul', { class: 'legend' }, ...items);
}

const countOpen = (counts) => UNFINISHED.reduce((sum, name) => sum + counts[name], 0);

async function showBatches() {
  const asked = new URLSearchParams(query);
  const { answer: batches, link } = await ask(`batches?${asked}`);
  const rows = batches.map((batch) => {
    const open = countOpen(batch.status_counts);
    return make(
      'tr',
      {},
      cell(make('a', { href: `view?batch=${batch.batch_id}` }, make('code', {}, batch.batch_id))),
      cell(batch.scope ?? make('span', { class: 'faint' }, '–')),
      cell(batch.kinds.join(', ')),
      number(batch.total_tasks),
      cell(bar(batch.status_counts, batch.total_tasks)),
      cell(open === 0 ? 'ended' : `${open} to go`),
      cell(localTime(batch.first_created_at)),
    );
  });
  const headings = [
    ['Batch'],
    ['Scope'],
    ['Kinds'],
    ['Tasks', 'number'],
    ['Progress'],
    ['State'],
    ['Created'],
  ];
  const parts = [make('h1', {}, 'Batches')];
  if (rows.length > 0) parts.push(table(headings, rows));
  else parts.push(make('p', { class: 'faint' }, 'No batches here. POST /task creates one.'));
  const next = /<(\?[^>]*)>; rel="next"/.exec(link ?? '');
  if (next !== null) parts.push(make('p', {}, make('a', { href: `view${next[1]}` }, 'Older batches')));
  page.replaceChildren(...parts);
  return LIST_POLL_MS;
}

async function showBatch() {
  const path = encodeURIComponent(batchId);
  const [{ answer: stats }, { answer: dag }] = await Promise.all([ask(`batch/${path}`), ask(`dag/${path}`)]);
  const nameOf = new Map(dag.tasks.map((task) => [task.id, task.name]));
  const parentsOf = new Map();
  for (const { parent_id: parent, child_id: child, requires_success: required } of dag.links) {
    const shown = nameOf.get(parent) ?? parent;
    const list = parentsOf.get(child) ?? [];
    list.push(required ? shown : `${shown} (whatever its end)`);
    parentsOf.set(child, list);
  }
  const open = countOpen(stats.status_counts);
  const rows = dag.tasks.slice(0, ROWS_SHOWN).map((task) => taskRow(task, parentsOf.get(task.id) ?? []));
  const headings = [
    ['Task'],
    ['Kind'],
    ['Status'],
    ['Depends on'],
    ['Success', 'number'],
    ['Failures', 'number'],
    ['Expected', 'number'],
    ['Time', 'number'],
  ];
  page.replaceChildren(
    make('h1', {}, 'Batch ', make('code', {}, stats.batch_id)),
    make(
      'p',
      { class: 'faint' },
      `${stats.total_tasks} tasks, ${open === 0 ? 'ended' : `${open} to go`} · ${stats.total_success} successes and ` +
        `${stats.total_failures} failures counted${stats.total_expected === null ? '' : ` of ${stats.total_expected}`}`,
    ),
    bar(stats.status_counts, stats.total_tasks),
    legend(stats.status_counts),
    table(headings, rows),
    ...(dag.tasks.length > ROWS_SHOWN
      ? [make('p', { class: 'faint' }, `The first ${ROWS_SHOWN} of ${dag.tasks.length} tasks are shown.`)]
      : []),
  );
  document.title = `${open === 0 ? 'Ended' : `${open} to go`} · ArcRun`;
  return open === 0 ? null : BATCH_POLL_MS;
}

function taskRow(task, parents) {
  return make(
    'tr',
    {},
    cell(make('a', { href: `task/${task.id}` }, task.name)),
    cell(task.kind),
    cell(status(task.status)),
    cell(...shortList(parents)),
    number(task.success),
    number(task.failures),
    number(task.expected_count),
    number(duration(task)),
  );
}

function shortList(names) {
  if (names.length === 0) return [make('span', { class: 'faint' }, '–')];
  if (names.length <= 3) return [names.join(', ')];
  return [
    make('span', { title: names.join(', ') }, `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`),
  ];
}

function duration({ started_at: from, ended_at: to }) {
  if (from === null) return null;
  const ms = (to === null ? Date.now() : Date.parse(to)) - Date.parse(from);
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

async function refresh() {
  let nextMs = LIST_POLL_MS;
  try {
    // A page that nobody looks at asks for nothing.
    if (!document.hidden) nextMs = await (batchId === null ? showBatches() : showBatch());
    problem.hidden = true;
  } catch (error) {
    problem.textContent = `Could not load: ${error.message}`;
    problem.hidden = false;
  }
  if (nextMs !== null) setTimeout(refresh, nextMs);
}

void refresh();
