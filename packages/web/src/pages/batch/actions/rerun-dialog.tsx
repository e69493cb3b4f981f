import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { planRerun, type RerunChoice, rerunBatch } from '../../../api/batches.ts';
import type { RerunPlan } from '../../../api/types.ts';
import { Loaded } from '../../../components/page-states.tsx';
import { keys } from '../../../queries/keys.ts';
import { useAction } from '../../../queries/use-action.ts';
import { navigate } from '../../../router/location.ts';
import { toUrl } from '../../../router/routes.ts';

const SHOWN = 100;

interface RerunDialogProps {
  readonly batchId: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Shows what would run again of a finished batch, and runs it. */
export function RerunDialog({ batchId, isOpen, onClose }: RerunDialogProps): ReactElement {
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog wide">
          <Dialog.Title render={<h2 />}>Run again</Dialog.Title>
          <RerunForm batchId={batchId} onClose={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const CHOICES: readonly (readonly [RerunChoice, string])[] = [
  ['unsuccessful', 'What did not succeed'],
  ['all', 'Everything'],
];

/** randomUUID is there behind TLS only. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-');

function RerunForm({ batchId, onClose }: Omit<RerunDialogProps, 'isOpen'>): ReactElement {
  const [only, setOnly] = useState<RerunChoice>('unsuccessful');
  // A second click, or one after a lost answer, makes no second batch.
  const [key] = useState(newKey);
  const plan = useQuery({
    queryKey: keys.rerun(batchId, only),
    queryFn: ({ signal }) => planRerun(batchId, only, signal),
  });
  const run = useAction(
    () => rerunBatch(batchId, only, `${key} ${only}`),
    (created) => (created === null ? 'Nothing is left to run' : 'It runs again, in this new batch'),
  );
  const begin = (): void =>
    run.mutate(undefined, {
      onSuccess: (created) => {
        onClose();
        if (created !== null) navigate(toUrl({ page: 'batch', batchId: created, tab: 'graph' }));
      },
    });
  return (
    <form
      className="page-form"
      onSubmit={(event) => {
        event.preventDefault();
        begin();
      }}
    >
      <fieldset className="row choices">
        <legend className="faint">Which tasks</legend>
        {CHOICES.map(([choice, text]) => (
          <label key={choice}>
            <input type="radio" name="only" checked={only === choice} onChange={() => setOnly(choice)} />{' '}
            {text}
          </label>
        ))}
      </fieldset>
      <Loaded query={plan} what="what would run">
        {(found) => <Planned plan={found} />}
      </Loaded>
      <div className="dialog-actions">
        <Dialog.Close className="button">Go back</Dialog.Close>
        <button
          className="button"
          data-look="primary"
          disabled={run.isPending || plan.data === undefined || plan.data.tasks.length === 0}
        >
          Run {plan.data === undefined ? 'them' : countText(plan.data.tasks.length)} again
        </button>
      </div>
    </form>
  );
}

const countText = (count: number): string => (count === 1 ? '1 task' : `${count.toLocaleString()} tasks`);

function Planned({ plan: { tasks, skipped } }: { plan: RerunPlan }): ReactElement {
  return (
    <>
      <p>
        {tasks.length === 0
          ? 'Nothing is left to run.'
          : 'In a new batch, with the metadata and rules of now.'}
        {skipped === 1 && ' 1 task stays out; what depends on it does not wait.'}
        {skipped > 1 && ` ${countText(skipped)} stay out; what depends on them does not wait.`}
      </p>
      {tasks.length > 0 && (
        <div className="rerun-list" tabIndex={0} role="region" aria-label="What would run">
          <table>
            <thead>
              <tr>
                <th scope="col">Task</th>
                <th scope="col">Kind</th>
                <th scope="col">Ended as</th>
              </tr>
            </thead>
            <tbody>
              {tasks.slice(0, SHOWN).map(({ id, name, kind, why }) => (
                <tr key={id}>
                  <td>{name}</td>
                  <td className="faint">{kind}</td>
                  <td>{why}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {tasks.length > SHOWN && (
            <p className="faint">and {(tasks.length - SHOWN).toLocaleString()} more</p>
          )}
        </div>
      )}
    </>
  );
}
