import type { Rate } from '@rendezvous/cluster'
import { socketRates } from '@rendezvous/contract'

/** What an operator may set. Times in milliseconds, sizes in bytes. */
export interface GatewaySettings {
  /** Origins (`https://app.example`) whose pages may open a socket, or `*` for all. Pages of the gateway's own host always may, on any port. */
  readonly allowedOrigins: readonly string[]
  /** Whether `?token=` is read: the first backend's clients need it, though URLs end up in logs of others. */
  readonly queryToken: boolean
  /** Sockets of this node at most; above it an upgrade is refused with 503. */
  readonly socketsMax: number
  /** Sockets of one person on this node at most, above it an upgrade is refused with 429; 0 for no limit. */
  readonly socketsPerPerson: number
  /** Upgrades over all nodes; null for no limit, as with all rates. Above it an upgrade is refused with 429. */
  readonly upgradesByAddress: Rate | null
  readonly upgradesByAccount: Rate | null
  /** Frames on this node; above it a frame is refused with `throttled`. */
  readonly framesBySocket: Rate | null
  readonly framesByAccount: Rate | null
  /** Refused frames of one socket; above it the socket closes with 4429. */
  readonly refusedFrames: Rate | null
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  /** From the upgrade to `ready`; above it the socket closes with 4005. */
  readonly connectTimeoutMs: number
  /** For the client's half of a close handshake; then the connection is cut. */
  readonly closeTimeoutMs: number
  /** What may wait in memory to be written to one socket; above it the socket closes with 4002. */
  readonly slowConsumerBytes: number
  /** How long a person stays online after his last socket closed. */
  readonly presenceGraceMs: number
  /** The same when this node drains. */
  readonly drainGraceMs: number
  /** Over which time a draining node closes its sockets at most. */
  readonly drainMs: number
  /** Over which time clients of a draining node are asked to spread their reconnecting. */
  readonly reconnectSpreadMs: number
  /** Over which time sockets are told to resync after an interruption. */
  readonly resyncSpreadMs: number
  /** How long delivered reports are gathered. */
  readonly deliveredDelayMs: number
  /** How long calls to the api are gathered. */
  readonly batchDelayMs: number
}

/** What holds unless set otherwise. */
export const defaultSettings: GatewaySettings = Object.freeze({
  allowedOrigins: [],
  queryToken: true,
  socketsMax: 50_000,
  socketsPerPerson: 20,
  upgradesByAddress: rateOf('upgradesByAddress'),
  upgradesByAccount: rateOf('upgradesByAccount'),
  framesBySocket: rateOf('framesBySocket'),
  framesByAccount: rateOf('framesByAccount'),
  refusedFrames: rateOf('refusedFrames'),
  heartbeatIntervalMs: 25_000,
  heartbeatTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  closeTimeoutMs: 2_000,
  slowConsumerBytes: 1024 * 1024,
  presenceGraceMs: 3_000,
  drainGraceMs: 30_000,
  drainMs: 10_000,
  reconnectSpreadMs: 5_000,
  resyncSpreadMs: 3_000,
  deliveredDelayMs: 200,
  batchDelayMs: 3
})

function rateOf(name: keyof typeof socketRates): Rate {
  const { limit, windowMs } = socketRates[name]
  return { limit, windowMs }
}
