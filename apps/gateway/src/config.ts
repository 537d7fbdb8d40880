import { socketRates } from '@rendezvous/contract'
import { Duration, RateFactor, RateVariable, readRate } from '@rendezvous/env'
import { type Static, Type } from 'typebox'
import { type GatewaySettings, defaultSettings as preset } from './settings.ts'

const variable = (description: string, fallback: number, minimum: number, maximum: number) =>
  Duration({ description, default: fallback, minimum, maximum })
const rate = (name: keyof typeof socketRates, beyond: string) =>
  RateVariable({
    description: `${socketRates[name].description}, by ${socketRates[name].by}; above it ${beyond}`,
    default: socketRates[name]
  })

/** The environment variables of a gateway, for `parseEnv`. */
export const GatewayVariables = Type.Object({
  ALLOWED_ORIGINS: Type.Array(Type.String(), {
    description:
      'Origins whose pages may open a socket, e.g. https://app.example, or * for all; pages of the own host always may, on any port',
    default: [...preset.allowedOrigins]
  }),
  WS_QUERY_TOKEN: Type.Boolean({
    description: 'Whether ?token= may open a socket, as clients of the first backend need it; a ?ticket= is safer',
    default: preset.queryToken
  }),
  SOCKETS_MAX: Type.Integer({
    description: 'Most sockets of one gateway; above it an upgrade is refused with 503',
    default: preset.socketsMax,
    minimum: 1
  }),
  SOCKETS_PER_PERSON: Type.Integer({
    description: 'Most sockets of one user on one gateway; above it an upgrade is refused with 429. 0 means no limit',
    default: preset.socketsPerPerson,
    minimum: 0
  }),
  RATE_FACTOR: RateFactor,
  RATE_UPGRADES_ADDRESS: rate('upgradesByAddress', 'an upgrade is refused with 429'),
  RATE_UPGRADES_PERSON: rate('upgradesByAccount', 'an upgrade is refused with 429'),
  RATE_FRAMES_SOCKET: rate('framesBySocket', 'a frame is refused as `throttled`'),
  RATE_FRAMES_PERSON: rate('framesByAccount', 'a frame is refused as `throttled`'),
  RATE_REFUSED_FRAMES: rate('refusedFrames', 'the socket closes with 4429'),
  HEARTBEAT_INTERVAL: variable('Between two pings of a socket', preset.heartbeatIntervalMs, 1_000, 3_600_000),
  HEARTBEAT_TIMEOUT: variable(
    'How long a pong may take; after it the socket closes with 4003',
    preset.heartbeatTimeoutMs,
    100,
    600_000
  ),
  CONNECT_TIMEOUT: variable(
    'How long the time from the upgrade to `ready` may be; after it the socket closes with 4005',
    preset.connectTimeoutMs,
    100,
    600_000
  ),
  CLOSE_TIMEOUT: variable(
    'How long a client may take to answer a close frame; after it the connection is cut',
    preset.closeTimeoutMs,
    100,
    60_000
  ),
  SLOW_CONSUMER_BYTES: Type.Integer({
    description: 'Most bytes that may wait in memory for one socket; above it the socket closes with 4002',
    default: preset.slowConsumerBytes,
    minimum: 65_536
  }),
  PRESENCE_GRACE: variable(
    'How long a user stays online after their last socket closed',
    preset.presenceGraceMs,
    0,
    600_000
  ),
  DRAIN_GRACE: variable('How long a user stays online after the gateway drained', preset.drainGraceMs, 0, 600_000),
  DRAIN_TIME: variable('The longest time over which a draining gateway closes its sockets', preset.drainMs, 0, 600_000),
  RECONNECT_SPREAD: variable(
    'The time over which clients of a draining gateway spread their reconnects',
    preset.reconnectSpreadMs,
    0,
    600_000
  ),
  RESYNC_SPREAD: variable(
    'The time over which sockets resync after an interruption of the bus',
    preset.resyncSpreadMs,
    0,
    600_000
  ),
  DELIVERED_DELAY: variable('How long delivered reports wait for others', preset.deliveredDelayMs, 0, 10_000),
  BATCH_DELAY: variable('The longest time that a call to the api waits for others', preset.batchDelayMs, 0, 100)
})
/** The parsed environment variables of a gateway. */
export type GatewayConfig = Readonly<Static<typeof GatewayVariables>>

/** Makes the settings from the variables. */
export function gatewaySettings(config: GatewayConfig): GatewaySettings {
  return Object.freeze({
    allowedOrigins: config.ALLOWED_ORIGINS,
    queryToken: config.WS_QUERY_TOKEN,
    socketsMax: config.SOCKETS_MAX,
    socketsPerPerson: config.SOCKETS_PER_PERSON,
    upgradesByAddress: readRate(config.RATE_UPGRADES_ADDRESS, config.RATE_FACTOR),
    upgradesByAccount: readRate(config.RATE_UPGRADES_PERSON, config.RATE_FACTOR),
    framesBySocket: readRate(config.RATE_FRAMES_SOCKET, config.RATE_FACTOR),
    framesByAccount: readRate(config.RATE_FRAMES_PERSON, config.RATE_FACTOR),
    refusedFrames: readRate(config.RATE_REFUSED_FRAMES),
    heartbeatIntervalMs: config.HEARTBEAT_INTERVAL,
    heartbeatTimeoutMs: config.HEARTBEAT_TIMEOUT,
    connectTimeoutMs: config.CONNECT_TIMEOUT,
    closeTimeoutMs: config.CLOSE_TIMEOUT,
    slowConsumerBytes: config.SLOW_CONSUMER_BYTES,
    presenceGraceMs: config.PRESENCE_GRACE,
    drainGraceMs: config.DRAIN_GRACE,
    drainMs: config.DRAIN_TIME,
    reconnectSpreadMs: config.RECONNECT_SPREAD,
    resyncSpreadMs: config.RESYNC_SPREAD,
    deliveredDelayMs: config.DELIVERED_DELAY,
    batchDelayMs: config.BATCH_DELAY
  })
}
