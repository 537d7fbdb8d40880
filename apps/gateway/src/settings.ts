import type { Rate } from '@rendezvous/cluster'
import { socketRates } from '@rendezvous/contract'

/** The settings of a gateway. Times are in milliseconds, sizes in bytes. */
export interface GatewaySettings {
  /** Origins (`https://app.example`) whose pages may open a socket, or `*` for all. Pages of the gateway's own host
   *  always may, on any port. */
  readonly allowedOrigins: readonly string[]
  /** Whether `?token=` is accepted. The first backend's clients need it, although proxies may log URLs. */
  readonly queryToken: boolean
  /** Most sockets of this node. Above it an upgrade is refused with 503. */
  readonly socketsMax: number
  /** Most sockets of one user on this node. Above it an upgrade is refused with 429. 0 means no limit. */
  readonly socketsPerPerson: number
  /** Upgrades on all nodes together. Above it an upgrade is refused with 429. As for all rates, null means no limit. */
  readonly upgradesByAddress: Rate | null
  readonly upgradesByAccount: Rate | null
  /** Frames on this node. Above it a frame is refused with `throttled`. */
  readonly framesBySocket: Rate | null
  readonly framesByAccount: Rate | null
  /** Refused frames of one socket. Above it the socket closes with 4429. */
  readonly refusedFrames: Rate | null
  /** Between two pings of a socket. */
  readonly heartbeatIntervalMs: number
  /** How long a pong may take. After it the socket closes with 4003. */
  readonly heartbeatTimeoutMs: number
  /** How long the time from the upgrade to `ready` may be. After it the socket closes with 4005. */
  readonly connectTimeoutMs: number
  /** How long the client may take to answer a close frame. After it the connection is cut. */
  readonly closeTimeoutMs: number
  /** Most bytes that may wait in memory for one socket. Above it the socket closes with 4002. */
  readonly slowConsumerBytes: number
  /** How long a user stays online after their last socket closed. */
  readonly presenceGraceMs: number
  /** How long a user stays online after this node drained. */
  readonly drainGraceMs: number
  /** The longest time over which a draining node closes its sockets. */
  readonly drainMs: number
  /** The time over which clients of a draining node spread their reconnects. */
  readonly reconnectSpreadMs: number
  /** The time over which sockets resync after an interruption. */
  readonly resyncSpreadMs: number
  /** How long delivered reports wait for others. */
  readonly deliveredDelayMs: number
  /** The longest time that a call to the api waits for others while an earlier one is under way. */
  readonly batchDelayMs: number
}

/** The default settings. */
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
