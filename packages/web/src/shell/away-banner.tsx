import type { ReactElement } from 'react';
import { useIsAway } from '../api/connection.ts';

/** Says that what is seen is old, for as long as the API does not answer. */
export function AwayBanner(): ReactElement {
  return (
    <div role="status">
      {useIsAway() && <p className="banner">The API is away. Trying again; what you see here may be old.</p>}
    </div>
  );
}
