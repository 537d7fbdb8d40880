import { type Bus, type BusListener, ClusterError, type Limits, type Presence, type Tickets } from '@rendezvous/cluster'
import type { Backend } from '@rendezvous/contract'
import type { Tokens } from '@rendezvous/tokens'
import type { FastifyBaseLogger } from 'fastify'
import { type Alarms, openAlarms } from './alarms.ts'
import { type BatchedBackend, batchedBackend } from './batches.ts'
import { coalescedDeliveries, type Deliveries } from './deliveries.ts'
import { type Hub, openHub } from './hub.ts'
import { type LocalPresence, localPresence } from './presence.ts'
import { openRooms, type Rooms } from './rooms.ts'
import type { GatewaySettings } from './settings.ts'
import type { Timers } from './timers.ts'
import { type Voice, voice } from './voice.ts'

/** What a gateway is given. What it opens itself (the bus) it closes; everything else belongs to who gave it. */
export interface GatewayDeps {
  readonly backend: Backend
  /** Opens this gateway's own connection to the bus. Called once. */
  readonly openBus: (listener: BusListener) => Bus
  /** Presence as this gateway sees it: opened with an id of its own. */
  readonly presence: Presence
  readonly tickets: Tickets
  readonly limits: Limits
  readonly tokens: Pick<Tokens, 'verifyAccessOnce'>
  readonly settings: GatewaySettings
  readonly timers: Timers
  /** From 0 to 1: spreads what would otherwise happen at once. */
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
  readonly voice: Voice
  /** Notes what went wrong and was survived. */
  readonly log: (error: unknown, what: string) => void
  /** Notes what a client did wrong, for who looks into one. */
  readonly debug: (error: unknown, what: string) => void
  /** Says what is still to be said to the api, and ends. No socket may be left. */
  close(): Promise<void>
}

/** Opens what the sockets share. `logger` takes log lines. */
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
    voice: voice(timers.now),
    log,
    debug: (error, what) => logger.debug(factsOf(error), what),
    async close() {
      await presence.stop()
      await deliveries.flush()
      await hub.close()
    }
  }
}

/** What is expected to fail at times needs no stack. */
function factsOf(error: unknown): object {
  return error instanceof ClusterError ? { code: error.code } : { err: error }
}
