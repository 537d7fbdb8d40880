export type { Bus, BusListener, Delivery } from './bus.ts'
export type { Clock } from './clock.ts'
export {
  type ControlHeader,
  type CourtesyHeader,
  decode,
  type Envelope,
  type EventsHeader,
  encode,
  type Header
} from './envelope.ts'
export { ClusterError } from './error.ts'
export { localWhenUnreachable } from './fallback.ts'
export type { Limits, Rate, Taken } from './limits.ts'
export { memoryBus } from './memory/bus.ts'
export { memoryLimits } from './memory/limits.ts'
export { memoryPresence } from './memory/presence.ts'
export { memoryTickets } from './memory/tickets.ts'
export { type MemoryWire, memoryWire } from './memory/wire.ts'
export { networkOf } from './network.ts'
export { LEASE_GRACE_MS, ONLINE_MAX, type Presence, type PresenceClaim, STEP_MAX } from './presence.ts'
export type { Tickets } from './tickets.ts'
export { roomTopic, type Topic, userTopic } from './topics.ts'
