import type { Clock } from './clock.ts'
import { ClusterError } from './error.ts'
import type { Limits } from './limits.ts'

/** How long `local` is used after a failure before `shared` is tried again, so that requests do not wait for an
 *  outage. */
const RETRY_MS = 1_000

/** Limits that count in `shared`, and in `local` while the shared store is unreachable. Each node then enforces the
 *  limits by itself (ADR 10). Never rejects with `unreachable`. */
export function localWhenUnreachable(shared: Limits, local: Limits, clock: Clock): Limits {
  let localUntil = 0

  return {
    async take(key, rate) {
      if (clock() < localUntil) return local.take(key, rate)
      try {
        return await shared.take(key, rate)
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error
        localUntil = clock() + RETRY_MS
        return local.take(key, rate)
      }
    }
  }
}
