import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useEffect, useState } from 'react';
import { updateBatchRules } from '../../../api/batches.ts';
import { readJson, writeJson } from '../../../api/lossless-json.ts';
import { getTask } from '../../../api/tasks.ts';
import type { BasicTask, NewRule } from '../../../api/types.ts';
import { describeError } from '../../../components/describe-error.ts';
import { isEnded } from '../../../components/statuses.ts';
import { keys } from '../../../queries/keys.ts';
import { useAction } from '../../../queries/use-action.ts';

interface RulesDialogProps {
  readonly batchId: string;
  readonly tasks: readonly BasicTask[];
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Changes the rules of all unfinished tasks of a kind while they wait and run. */
export function RulesDialog({ isOpen, onClose, ...rest }: RulesDialogProps): ReactElement {
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog wide">
          <Dialog.Title render={<h2 />}>Edit the rules</Dialog.Title>
          <RulesForm {...rest} onClose={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function RulesForm({ batchId, tasks, onClose }: Omit<RulesDialogProps, 'isOpen'>): ReactElement {
  const open = tasks.filter(({ status }) => !isEnded(status));
  const kinds = [...new Set(open.map(({ kind }) => kind))];
  const [kind, setKind] = useState(kinds[0] ?? '');
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<{ title: string; text: string }>();
  const sample = open.find((task) => task.kind === kind);
  const current = useQuery({
    queryKey: keys.task(sample?.id ?? ''),
    queryFn: ({ signal }) => getTask(sample!.id, signal),
    enabled: sample !== undefined,
  });
  const sampleId = sample?.id;
  const rules = current.data?.id === sampleId ? current.data?.rules : undefined;
  useEffect(() => {
    // Not again while it is edited: the rules of the first task come once for each kind.
    setText(rules === undefined ? '' : writeJson(rules, 2));
    setProblem(undefined);
  }, [kind, rules === undefined]);
  const change = useAction(
    (given: readonly NewRule[]) => updateBatchRules(batchId, kind, given),
    ({ updated_count: count }) =>
      `The rules of ${count === 1 ? '1 task' : `${count.toLocaleString()} tasks`} of kind ${kind} are changed`,
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    let given: unknown;
    try {
      given = readJson(text);
    } catch (error) {
      setProblem({ title: 'This is not JSON', text: error instanceof Error ? error.message : '' });
      return;
    }
    if (!Array.isArray(given)) {
      setProblem({
        title: 'The rules are a list',
        text: 'Write [ … ] around them; [] takes all rules away.',
      });
      return;
    }
    change.mutate(given as NewRule[], {
      onSuccess: onClose,
      onError: (error) => setProblem(describeError(error)),
    });
  };
  if (kinds.length === 0) return <p>Every task has ended; there is nothing left that rules could hold.</p>;
  return (
    <form className="page-form" onSubmit={submit}>
      <label className="field">
        <span>Kind</span>
        <select className="input" value={kind} onChange={({ target }) => setKind(target.value)}>
          {kinds.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>
          Rules, at work at once on its {open.filter((task) => task.kind === kind).length.toLocaleString()}{' '}
          unfinished tasks; shown are those of the first
        </span>
        <textarea
          className="input"
          spellCheck={false}
          value={text}
          disabled={rules === undefined}
          onChange={({ target }) => setText(target.value)}
        />
      </label>
      <div className="row">
        <button type="button" className="button" onClick={() => setText(withExample(text, kind))}>
          Add a limit of 3 at once
        </button>
        <button type="button" className="button" onClick={() => setText('[]')}>
          No rules
        </button>
      </div>
      {problem !== undefined && (
        <div role="alert" className="problem">
          <strong>{problem.title}</strong>
          <p>{problem.text}</p>
        </div>
      )}
      <div className="dialog-actions">
        <Dialog.Close className="button">Go back</Dialog.Close>
        <button className="button" data-look="primary" disabled={rules === undefined || change.isPending}>
          Change the rules
        </button>
      </div>
    </form>
  );
}

function withExample(text: string, kind: string): string {
  const rule = { type: 'Concurency', max_concurency: 3, matcher: { status: 'Running', kind, fields: [] } };
  try {
    const rules: unknown = readJson(text);
    return writeJson([...(Array.isArray(rules) ? (rules as unknown[]) : []), rule], 2);
  } catch {
    return writeJson([rule], 2);
  }
}
