import { ONLINE_MAX, type Presence } from '@rendezvous/cluster'
import type { Backend, UserId } from '@rendezvous/contract'
import { presenceReport } from './presence-report.ts'
import type { Timers } from './timers.ts'

/** How often this node renews its lease, looks who went offline, and makes good what failed. */
const PRESENCE_TICK_MS = 1_000
/** People whose state is told anew in one tick, after the cluster forgot this node. */
const SETTLED_A_TICK = 5_000

/** The people who have a socket on this node, as the cluster is told. Nothing here rejects: a socket works without presence. */
export interface LocalPresence {
  /** A socket of the user opened. Resolves when the cluster knows, or could not be reached. */
  enter(userId: UserId): Promise<void>
  /** A socket that entered closed. */
  leave(userId: UserId): void
  /** Those of `userIds` who are online, as far as can be known. */
  online(userIds: readonly UserId[]): Promise<UserId[]>
  /** Lets everyone here go with the longer grace of a drain: their sockets will close. */
  drain(): Promise<void>
  /** Stops telling. Resolves when the last round is over. */
  stop(): Promise<void>
}

interface Options {
  readonly presence: Presence
  readonly backend: Pick<Backend, 'presenceChanged'>
  readonly timers: Timers
  readonly graceMs: number
  readonly drainGraceMs: number
  readonly reportDelayMs: number
  readonly log: (error: unknown, what: string) => void
}

/** Starts telling the cluster at once, and on until `stop`. */
export function localPresence(options: Options): LocalPresence {
  const { presence, backend, timers, graceMs, log } = options
  const report = presenceReport({
    tell: changes => backend.presenceChanged(changes),
    timers,
    delayMs: options.reportDelayMs,
    log
  })
  const sockets = new Map<UserId, number>()
  /** People of whom the cluster may believe something else than is true here. */
  const unsettled = new Set<UserId>()
  let cancel = timers.after(PRESENCE_TICK_MS, startTick)
  let ticking = Promise.resolve()
  let draining = false
  let stopped = false

  const turned = (userId: UserId, online: boolean) => report.add({ userId, online, at: timers.now() })

  async function settle(userId: UserId): Promise<void> {
    if (draining) return // all have departed, with a grace of their own
    try {
      if (!sockets.has(userId)) await presence.depart(userId, graceMs)
      else if ((await presence.arrive(userId)).turned) turned(userId, true)
    } catch (error) {
      unsettled.add(userId)
      log(error, 'presence could not be told')
    }
  }

  async function settleSome(): Promise<void> {
    const some = [...unsettled].slice(0, SETTLED_A_TICK)
    for (const userId of some) unsettled.delete(userId)
    await Promise.all(some.map(settle))
  }

  async function round(): Promise<void> {
    const { lost } = await presence.renew()
    if (lost) for (const userId of sockets.keys()) unsettled.add(userId)
    await settleSome()
    for (const userId of await presence.reap()) turned(userId, false)
  }

  async function tick(): Promise<void> {
    await round().catch(error => log(error, 'presence could not be kept'))
    void report.retry() // not awaited: an api that is slow must not cost this node its lease
    if (!stopped) cancel = timers.after(PRESENCE_TICK_MS, startTick)
  }

  function startTick(): void {
    ticking = tick()
  }

  return {
    async enter(userId) {
      sockets.set(userId, (sockets.get(userId) ?? 0) + 1)
      await settle(userId)
    },
    leave(userId) {
      const left = (sockets.get(userId) ?? 1) - 1
      if (left > 0) sockets.set(userId, left)
      else {
        sockets.delete(userId)
        void settle(userId)
      }
    },
    async online(userIds) {
      const found: UserId[] = []
      try {
        for (let from = 0; from < userIds.length; from += ONLINE_MAX)
          found.push(...(await presence.online(userIds.slice(from, from + ONLINE_MAX))))
      } catch (error) {
        log(error, 'presence could not be asked')
      }
      return found
    },
    async drain() {
      draining = true
      await presence.drain(options.drainGraceMs).catch(error => log(error, 'presence could not be drained'))
    },
    async stop() {
      stopped = true
      cancel()
      await ticking
      await report.retry()
    }
  }
}
