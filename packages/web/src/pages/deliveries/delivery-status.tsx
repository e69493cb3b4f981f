import type { ReactElement } from 'react';
import type { Delivery, Status } from '../../api/types.ts';
import { StatusIcon } from '../../components/status-icon.tsx';

type DeliveryStatus = Delivery['status'];

const LOOKS: Readonly<Record<DeliveryStatus, { icon: Status; colour: string; meaning: string }>> = {
  Pending: { icon: 'Pending', colour: 'pending', meaning: 'is delivered, or tried again, when it is due' },
  Success: { icon: 'Success', colour: 'success', meaning: 'was delivered' },
  Failure: { icon: 'Failure', colour: 'failure', meaning: 'was not delivered' },
  Exhausted: { icon: 'Failure', colour: 'exhausted', meaning: 'was given up; it can be retried' },
};

/** How far a notification has come. */
export function DeliveryStatusLabel({ status }: { status: DeliveryStatus }): ReactElement {
  const { icon, colour, meaning } = LOOKS[status];
  return (
    <span className="status" data-status={colour} title={`${status}: ${meaning}`}>
      <StatusIcon status={icon} />
      {status}
    </span>
  );
}
