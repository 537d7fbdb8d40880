import { LEASE_GRACE_MS, ONLINE_MAX, type Presence, STEP_MAX } from '@rendezvous/cluster'
import type { Backend, UserId } from '@rendezvous/contract'
import type { Timers } from '../timers.ts'
import { lastSeen } from './last-seen.ts'
import { reconciler } from './reconciler.ts'
import { presenceReport } from './report.ts'

/** How often this node renews its lease, claims users who went offline, and retries failed calls. */
const PRESENCE_TICK_MS = 1_000

/** Tells the cluster which users have a socket on this node. No call rejects, since a socket works without presence. */
export interface LocalPresence {
  /** Counts a socket of the user. Resolves when the cluster knows that they are online, or could not be reached. */
  enter(userId: UserId): Promise<void>
  /** Stops counting a socket that entered. */
  leave(userId: UserId): void
  /** The users of `userIds` who are online. Some may be missing when the cluster cannot be reached. */
  online(userIds: readonly UserId[]): Promise<UserId[]>
  /** Tells the cluster that all users leave, with the longer grace of a drain. Begins to store their `last_seen`. */
  drain(): Promise<void>
  /** Stops. Resolves when the last round, and what `drain` began, is done. */
  stop(): Promise<void>
}

interface Options {
  readonly presence: Presence
  readonly backend: Pick<Backend, 'presenceChanged' | 'seen'>
  readonly timers: Timers
  readonly graceMs: number
  readonly drainGraceMs: number
  readonly reportDelayMs: number
  readonly log: (error: unknown, what: string) => void
}

/** Starts at once, and runs until `stop`. */
export function localPresence(options: Options): LocalPresence {
  const { presence, backend, timers, graceMs, drainGraceMs, log } = options
  const report = presenceReport({ backend, presence, timers, delayMs: options.reportDelayMs, log })
  const sockets = new Map<UserId, number>()
  const seen = lastSeen({ users: sockets, backend, timers, log })
  const { reconcile, mark, retry, repeatRunning } = reconciler(tell, log)
  /** Users whose arrival has no answer yet, or lost it: they may have come online without anybody being told. */
  const untold = new Set<UserId>()
  let renewedAt = timers.elapsed()
  let cancel = timers.after(PRESENCE_TICK_MS, startTick)
  let ticking = Promise.resolve()
  let lastReport = Promise.resolve()
  let draining = false
  let stopped = false

  const isHere = (userId: UserId) => sockets.has(userId) && !draining

  /** The answer of an arrival may be lost although it took effect, and the next one turns nothing. So the user is
   *  reported online after the next call that succeeds. The api drops the report when they are not. */
  async function tell(userId: UserId): Promise<void> {
    let isNews = untold.has(userId)
    if (isHere(userId)) {
      untold.add(userId)
      if ((await presence.arrive(userId)).turned) isNews = true
    } else await presence.depart([userId], draining ? drainGraceMs : graceMs)
    untold.delete(userId)
    if (isNews) report.add({ userId, online: true, at: timers.now() })
  }

  /** Marks everyone when the lease was lost, or may have been: a call of `renew` without an answer may have been told
   *  so. A lease that was renewed less than `LEASE_GRACE_MS` ago was not lost. */
  async function renew(): Promise<void> {
    const at = timers.elapsed()
    const { lost } = await presence.renew()
    if (lost || at - renewedAt >= LEASE_GRACE_MS) mark(sockets.keys())
    renewedAt = at
  }

  async function round(): Promise<void> {
    await renew()
    await retry()
    if (report.some(({ claim }) => claim !== undefined)) return // while the api is slow, other nodes reap
    const { claim, userIds, seenAt } = await presence.reap()
    for (const [index, userId] of userIds.entries()) {
      if (isHere(userId))
        void reconcile(userId) // they came back, or the cluster lost their socket
      else report.add({ userId, online: false, at: seenAt[index] ?? timers.now(), claim })
    }
  }

  async function tick(): Promise<void> {
    await round().catch(error => log(error, 'presence could not be renewed; retrying'))
    void report.flush() // not awaited, so that a slow api does not delay the renewal of the lease
    seen.pass(PRESENCE_TICK_MS)
    if (!stopped) cancel = timers.after(PRESENCE_TICK_MS, startTick)
  }

  function startTick(): void {
    ticking = tick()
  }

  async function departAll(): Promise<void> {
    const all = [...sockets.keys()]
    try {
      for (let from = 0; from < all.length; from += STEP_MAX)
        await presence.depart(all.slice(from, from + STEP_MAX), drainGraceMs)
    } catch (error) {
      mark(all)
      log(error, 'presence could not be drained; retrying')
    }
    await repeatRunning() // a call under way may have reported a user as online after they departed
  }

  return {
    async enter(userId) {
      sockets.set(userId, (sockets.get(userId) ?? 0) + 1)
      if (!draining) await reconcile(userId)
    },
    leave(userId) {
      const remaining = (sockets.get(userId) ?? 1) - 1
      if (remaining > 0) sockets.set(userId, remaining)
      else {
        sockets.delete(userId)
        if (!draining) void reconcile(userId) // `drain` reports all users with its own grace
      }
    },
    async online(userIds) {
      const found: UserId[] = []
      try {
        for (let from = 0; from < userIds.length; from += ONLINE_MAX)
          found.push(...(await presence.online(userIds.slice(from, from + ONLINE_MAX))))
      } catch (error) {
        log(error, 'presence could not be asked for; users may be missing from a snapshot')
      }
      return found
    },
    async drain() {
      draining = true
      lastReport = seen.reportAll()
      await departAll()
    },
    async stop() {
      stopped = true
      cancel()
      await ticking
      await Promise.all([lastReport, report.flush()])
    }
  }
}
