import type { Clock } from './clock.ts'
import { ClusterError } from './error.ts'
import type { Limits } from './limits.ts'

/** How long the shared store is left alone after it could not be reached, so that an outage does not make every request wait for it. */
const REST_MS = 1_000

/** Counts in `shared`, and in `local` while that cannot be reached: then every node counts for itself, nobody is let off and nobody is refused
 *  for the outage's sake (ADR 10). Never rejects with `unreachable`. */
export function localWhenUnreachable(shared: Limits, local: Limits, clock: Clock): Limits {
  let restUntil = 0

  return {
    async take(key, rate) {
      if (clock() < restUntil) return local.take(key, rate)
      try {
        return await shared.take(key, rate)
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error
        restUntil = clock() + REST_MS
        return local.take(key, rate)
      }
    }
  }
}
