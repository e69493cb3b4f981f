import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { Telemetry } from 'bullmq';
import { BullMQOtel } from 'bullmq-otel';

/** BullMQ's hook into OpenTelemetry. Imported only by those that trace. */
export function createTelemetry(): Telemetry {
  const telemetry: Telemetry = new BullMQOtel({ tracerName: 'arcrun' });
  telemetry.contextManager.root = () => ROOT_CONTEXT;
  return telemetry;
}
