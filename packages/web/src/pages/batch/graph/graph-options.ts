import { setParameters, useParameters } from '../../../router/location.ts';
import { GROUPED_ABOVE, type Grouping } from './visible-graph.ts';

/** How the graph is looked at; the address holds it. */
export interface GraphOptions {
  readonly chosen: string | undefined;
  readonly grouping: Grouping;
  readonly isCriticalShown: boolean;
}

export function useGraphOptions(taskCount: number): GraphOptions {
  const query = useParameters();
  const grouped = query.get('grouped');
  return {
    chosen: query.get('select') ?? undefined,
    grouping: {
      isGrouped: grouped === null ? taskCount > GROUPED_ABOVE : grouped === '1',
      except: new Set(readKinds(query.get('except'))),
    },
    isCriticalShown: query.get('critical') === '1',
  };
}

export const choose = (id: string | undefined): void => setParameters({ select: id });

export const showCritical = (isShown: boolean): void =>
  setParameters({ critical: isShown ? '1' : undefined });

export const groupAll = (isGrouped: boolean): void =>
  setParameters({ grouped: isGrouped ? '1' : '0', except: undefined });

/** Draws the tasks of one kind as one node, or each for itself. */
export function toggleKind({ except }: Grouping, kind: string): void {
  const kinds = new Set(except);
  if (!kinds.delete(kind)) kinds.add(kind);
  setParameters({ except: kinds.size === 0 ? undefined : JSON.stringify([...kinds]) });
}

/** Kinds may have any characters in them, so they are written as JSON. */
function readKinds(text: string | null): string[] {
  try {
    const kinds: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(kinds) ? kinds.filter((kind) => typeof kind === 'string') : [];
  } catch {
    return [];
  }
}
