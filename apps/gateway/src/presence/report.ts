import type { Presence, PresenceClaim } from '@rendezvous/cluster'
import type { Backend, PresenceChange, UserId } from '@rendezvous/contract'
import { type ReportQueue, reportQueue } from '../backend/report-queue.ts'
import type { Timers } from '../timers.ts'

/** Most changes that wait for the api. Above it the oldest is dropped. `reap` returns a claimed user again, and the
 *  next snapshot corrects all other changes. */
const CHANGES_MAX = 50_000

/** A change of presence to report. `claim` is set when `Presence.reap` returned the user. */
export interface ClaimedChange extends PresenceChange {
  readonly claim?: string
}

/** A queue of presence changes for the api. Of two that wait for one user, the newer is sent. Once the api took a
 *  claimed change, the queue acknowledges the claim. */
export function presenceReport(options: {
  readonly backend: Pick<Backend, 'presenceChanged'>
  readonly presence: Pick<Presence, 'acknowledge'>
  readonly timers: Timers
  readonly delayMs: number
  readonly log: (error: unknown, what: string) => void
}): ReportQueue<ClaimedChange> {
  const { backend, presence, timers, delayMs, log } = options

  async function send(batch: readonly ClaimedChange[]): Promise<void> {
    await backend.presenceChanged(batch.map(({ userId, online, at }) => ({ userId, online, at })))
    try {
      for (const claim of byClaim(batch)) await presence.acknowledge(claim)
    } catch (error) {
      log(error, 'a presence claim could not be acknowledged; users may be reported offline again')
    }
  }

  return reportQueue({
    keyOf: ({ userId }) => userId,
    send,
    max: CHANGES_MAX,
    delayMs,
    timers,
    onRefused: error => log(error, 'changes of presence could not be reported; retrying')
  })
}

function byClaim(batch: readonly ClaimedChange[]): PresenceClaim[] {
  const claims = new Map<string, UserId[]>()
  for (const { userId, claim } of batch) {
    if (claim === undefined) continue
    claims.set(claim, [...(claims.get(claim) ?? []), userId])
  }
  return [...claims].map(([claim, userIds]) => ({ claim, userIds }))
}
