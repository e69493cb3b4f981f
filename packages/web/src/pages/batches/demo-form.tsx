import { type FormEvent, type ReactElement, useState } from 'react';
import { createBatch } from '../../api/batches.ts';
import { useAction } from '../../queries/use-action.ts';
import { navigate } from '../../router/location.ts';
import { toUrl } from '../../router/routes.ts';
import { demoBatch, SAMPLE_RECEIVER } from './demo-batch.ts';

/** Posts the demo. Its tasks need somebody who does them, so it asks where that is. */
export function DemoForm({ onPosted }: { onPosted?: () => void }): ReactElement {
  const [receiver, setReceiver] = useState(SAMPLE_RECEIVER);
  const post = useAction(
    (url: string) => createBatch(demoBatch(url)),
    ({ tasks }) => `The demo is posted: ${tasks.length} tasks`,
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    post.mutate(receiver, {
      onSuccess: ({ batchId }) => {
        onPosted?.();
        navigate(toUrl({ page: 'batch', batchId, tab: 'graph' }));
      },
    });
  };
  return (
    <form className="demo-form" onSubmit={submit}>
      <label className="field">
        <span>Receiver</span>
        <input
          className="input"
          type="url"
          required
          value={receiver}
          onChange={({ target }) => setReceiver(target.value)}
        />
      </label>
      <button className="button" data-look="primary" disabled={post.isPending}>
        Post the demo
      </button>
      <p className="faint">
        ArcRun does no work itself: it calls a receiver. The address above is that of the sample receiver
        which <code>npm start</code> brings; without one there, the tasks fail when they are called.
      </p>
    </form>
  );
}
