import type { ReactElement } from 'react';

export default function OverviewPage(): ReactElement {
  return <h1>Overview</h1>;
}
