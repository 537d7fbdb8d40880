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
      'Origins whose pages may open a socket, e.g. https://app.example, or * for all; those of the own host always may, on any port',
    default: [...preset.allowedOrigins]
  }),
  WS_QUERY_TOKEN: Type.Boolean({
    description: 'Whether a socket may be opened with ?token=, as clients of the first backend do; a ?ticket= is safer',
    default: preset.queryToken
  }),
  SOCKETS_MAX: Type.Integer({
    description: 'Sockets of one gateway; above it an upgrade is answered with 503',
    default: preset.socketsMax,
    minimum: 1
  }),
  SOCKETS_PER_PERSON: Type.Integer({
    description: 'Sockets of one person on one gateway; above it an upgrade is answered with 429. 0 for no limit',
    default: preset.socketsPerPerson,
    minimum: 0
  }),
  RATE_FACTOR: RateFactor,
  RATE_UPGRADES_ADDRESS: rate('upgradesByAddress', '429'),
  RATE_UPGRADES_PERSON: rate('upgradesByAccount', '429'),
  RATE_FRAMES_SOCKET: rate('framesBySocket', 'a frame is refused as `throttled`'),
  RATE_FRAMES_PERSON: rate('framesByAccount', 'a frame is refused as `throttled`'),
  RATE_REFUSED_FRAMES: rate('refusedFrames', '4429'),
  HEARTBEAT_INTERVAL: variable('Between two pings of a socket', preset.heartbeatIntervalMs, 1_000, 3_600_000),
  HEARTBEAT_TIMEOUT: variable('For the pong; then 4003', preset.heartbeatTimeoutMs, 100, 600_000),
  CONNECT_TIMEOUT: variable('From the upgrade to `ready`; then 4005', preset.connectTimeoutMs, 100, 600_000),
  CLOSE_TIMEOUT: variable('For the other half of a close handshake', preset.closeTimeoutMs, 100, 60_000),
  SLOW_CONSUMER_BYTES: Type.Integer({
    description: 'What may wait in memory for one socket; above it 4002',
    default: preset.slowConsumerBytes,
    minimum: 65_536
  }),
  PRESENCE_GRACE: variable('Online after the last socket closed', preset.presenceGraceMs, 0, 600_000),
  DRAIN_GRACE: variable('Online after the gateway drained', preset.drainGraceMs, 0, 600_000),
  DRAIN_TIME: variable('Over which a draining gateway closes its sockets at most', preset.drainMs, 0, 600_000),
  RECONNECT_SPREAD: variable('Over which they are asked to reconnect', preset.reconnectSpreadMs, 0, 600_000),
  RESYNC_SPREAD: variable('Over which sockets resync after the bus broke', preset.resyncSpreadMs, 0, 600_000),
  DELIVERED_DELAY: variable('How long delivered reports are gathered', preset.deliveredDelayMs, 0, 10_000),
  BATCH_DELAY: variable('How long calls to the api are gathered', preset.batchDelayMs, 0, 100)
})
/** The variables of a gateway, read. */
export type GatewayConfig = Readonly<Static<typeof GatewayVariables>>

/** The settings that the variables say. */
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
