import type { ReactElement } from 'react';

export default function DeliveriesPage(): ReactElement {
  return <h1>Deliveries</h1>;
}
