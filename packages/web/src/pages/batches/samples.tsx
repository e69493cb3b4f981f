import { Tabs } from '@base-ui/react/tabs';
import type { ReactElement } from 'react';
import { CopyButton } from '../../components/copy-button.tsx';

const base = (): string => new URL('.', document.baseURI).href.replace(/\/$/, '');

const isSignedIn = (): boolean => document.getElementById('sign-out') !== null;

const curl = (): string => `curl -X POST ${base()}/task \\
  -H 'content-type: application/json' \\${
    isSignedIn() ? '\n  -H "authorization: Bearer $ARCRUN_TOKEN" \\' : ''
  }
  -d '{
    "scope": "first steps",
    "tasks": [
      {"id": "fetch", "name": "Fetch", "kind": "etl",
       "on_start": {"kind": "Webhook", "params": {"url": "https://your.service/fetch", "verb": "Post"}}},
      {"id": "load", "name": "Load", "kind": "etl",
       "dependencies": [{"id": "fetch", "requires_success": true}],
       "on_start": {"kind": "Webhook", "params": {"url": "https://your.service/load", "verb": "Post"}}}
    ]
  }'`;

const typescript = (): string => `import { createClient, task, webhook } from '@arcrun/client';

const client = createClient({ url: '${base()}'${isSignedIn() ? ", token: 'one of AUTH_TOKEN'" : ''} });

const { batchId } = await client.createBatch({
  scope: 'first steps',
  tasks: [
    task({ id: 'fetch', kind: 'etl', on_start: webhook('https://your.service/fetch') }),
    task({
      id: 'load',
      kind: 'etl',
      on_start: webhook('https://your.service/load'),
      dependencies: ['fetch'],
    }),
  ],
});
await client.waitForBatch(batchId);`;

/** The code that makes a first batch here. */
export function Samples(): ReactElement {
  const samples = [
    ['curl', curl()],
    ['TypeScript', typescript()],
  ] as const;
  return (
    <Tabs.Root defaultValue="curl" className="samples">
      <Tabs.List className="tabs">
        {samples.map(([name]) => (
          <Tabs.Tab key={name} value={name} className="tab">
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {samples.map(([name, text]) => (
        <Tabs.Panel key={name} value={name} className="sample">
          <pre tabIndex={0}>{text}</pre>
          <CopyButton text={text} />
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}
