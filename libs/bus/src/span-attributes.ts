// Attributes of spans on the bus, by OpenTelemetry's names for messaging. https://opentelemetry.io/docs/specs/semconv/messaging/
// Destinations are templates: an id in one would be a name of its own for every user.
import type { SpanAttributes } from '@cairn/runtime'

type OperationType = 'send' | 'receive' | 'process' | 'settle'

export const messagingAttributes = (name: string, type: OperationType, destination: string): SpanAttributes => ({
  'messaging.system': 'nats',
  'messaging.operation.name': name,
  'messaging.operation.type': type,
  'messaging.destination.template': destination,
})
