import { type Bus, type BusListener, ClusterError, type Limits, type Presence, type Tickets } from '@rendezvous/cluster'
import type { Backend } from '@rendezvous/contract'
import type { Tokens } from '@rendezvous/tokens'
import type { FastifyBaseLogger } from 'fastify'
import { type BatchedBackend, batchedBackend } from './backend/batches.ts'
import { coalescedDeliveries, type Deliveries } from './backend/deliveries.ts'
import { type Hub, openHub } from './hub/hub.ts'
import { type LocalPresence, localPresence } from './presence/local-presence.ts'
import { openRooms, type Rooms } from './rooms/rooms.ts'
import type { GatewaySettings } from './settings.ts'
import { type Alarms, openAlarms } from './socket/alarms.ts'
import { type ServerFrames, serverFrames } from './socket/server-frames.ts'
import type { Timers } from './timers.ts'

/** What a gateway needs. It closes the bus, which it opens itself. Everything else belongs to the caller. */
export interface GatewayDeps {
  readonly backend: Backend
  /** Opens this gateway's own connection to the bus. Called once. */
  readonly openBus: (listener: BusListener) => Bus
  /** Opened with an id of this gateway's own. */
  readonly presence: Presence
  readonly tickets: Tickets
  readonly limits: Limits
  readonly tokens: Pick<Tokens, 'verifyAccessOnce'>
  readonly settings: GatewaySettings
  readonly timers: Timers
  /** Returns a number from 0 to 1, by which work of many sockets is spread over time. */
  readonly random: () => number
}

/** What the sockets of one gateway share. */
export interface Node {
  readonly settings: GatewaySettings
  readonly timers: Timers
  readonly alarms: Alarms
  readonly random: () => number
  readonly backend: BatchedBackend
  readonly hub: Hub
  readonly rooms: Rooms
  readonly presence: LocalPresence
  readonly deliveries: Deliveries
  readonly serverFrames: ServerFrames
  /** Logs an error that the gateway recovered from. */
  readonly log: (error: unknown, what: string) => void
  /** Logs an error that a client caused. */
  readonly debug: (error: unknown, what: string) => void
  /** Sends the reports that still wait, and closes the bus. Call it when no socket is left. */
  close(): Promise<void>
}

/** Opens what the sockets share, and logs to `logger`. */
export function openNode(deps: GatewayDeps, logger: Pick<FastifyBaseLogger, 'warn' | 'debug'>): Node {
  const { backend, settings, timers, random } = deps
  const log = (error: unknown, what: string) => logger.warn(factsOf(error), what)
  const hub = openHub({ openBus: deps.openBus, timers, log })
  const batched = batchedBackend(backend, timers, settings.batchDelayMs)
  const spreadMs = () => random() * settings.resyncSpreadMs
  const rooms = openRooms({ hub, backend: batched, timers, spreadMs, log })
  const presence = localPresence({
    presence: deps.presence,
    backend,
    timers,
    graceMs: settings.presenceGraceMs,
    drainGraceMs: settings.drainGraceMs,
    reportDelayMs: settings.batchDelayMs,
    log
  })
  const deliveries = coalescedDeliveries({
    deliver: reports => backend.delivered(reports),
    timers,
    delayMs: settings.deliveredDelayMs,
    log
  })

  return {
    settings,
    timers,
    alarms: openAlarms(timers),
    random,
    backend: batched,
    hub,
    rooms,
    presence,
    deliveries,
    serverFrames: serverFrames(timers.now),
    log,
    debug: (error, what) => logger.debug(factsOf(error), what),
    async close() {
      await presence.stop()
      await deliveries.flush()
      await hub.close()
    }
  }
}

/** Logs a cluster error without a stack, since such errors are expected at times. */
function factsOf(error: unknown): object {
  return error instanceof ClusterError ? { code: error.code } : { err: error }
}
