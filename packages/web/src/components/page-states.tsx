import type { ReactElement, ReactNode } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import { ApiError } from '../api/request.ts';
import { Link } from '../router/link.tsx';
import { describeError } from './describe-error.ts';

export function Loading({ what }: { what: string }): ReactElement {
  return (
    <div className="state" role="status">
      <div className="spinner" />
      <p className="faint">Loading {what} …</p>
    </div>
  );
}

export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }): ReactElement {
  const { title, text } = describeError(error);
  return (
    <div className="state" role="alert">
      <h1>{title}</h1>
      <p className="faint">{text}</p>
      <div className="row">
        {retry !== undefined && (
          <button className="button" onClick={retry}>
            Try again
          </button>
        )}
        <Link to={{ page: 'batches' }} className="button">
          All batches
        </Link>
      </div>
    </div>
  );
}

interface LoadedProps<Data> {
  readonly query: UseQueryResult<Data>;
  /** What is loaded, in words. */
  readonly what: string;
  readonly children: (data: Data) => ReactNode;
}

/**
 * What a page shows of a query: that it loads, what is wrong, or its data. Data that was read stays while the API is
 * away; when it says that there is nothing any more, that is said instead.
 */
export function Loaded<Data>({ query, what, children }: LoadedProps<Data>): ReactNode {
  const isGone = query.error instanceof ApiError && query.error.status === 404;
  if (query.data !== undefined && !isGone) return children(query.data);
  if (query.error !== null) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  return <Loading what={what} />;
}
