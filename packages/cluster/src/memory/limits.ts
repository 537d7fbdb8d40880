import { type Limits, refuseInvalidRate } from '../limits.ts'
import type { MemoryWire } from './wire.ts'

/** Debts are sums of fractions of a millisecond. A smaller difference than this is a rounding error. */
const EPSILON_MS = 1e-6

/** Limits on `wire`. Each key has a debt in milliseconds that falls as time passes. A use adds `windowMs / limit` to
 *  it, and is refused if the debt would exceed `windowMs`. */
export function memoryLimits(wire: MemoryWire): Limits {
  function owed(key: string): number {
    const debt = wire.reach().debts.get(key)
    return debt === undefined ? 0 : Math.max(0, debt.ms - Math.max(0, wire.clock() - debt.at))
  }

  function remember(key: string, ms: number): void {
    const { debts } = wire.reach()
    debts.delete(key) // inserted again at the end: the first key is the least recently used
    debts.set(key, { ms, at: wire.clock() })
    if (debts.size <= wire.bounds.limits) return
    const [oldest] = debts.keys()
    if (oldest !== undefined) debts.delete(oldest)
  }

  return {
    async take(key, rate) {
      refuseInvalidRate(rate)
      const { limit, windowMs, cost = 1 } = rate
      const each = windowMs / limit
      const before = owed(key)
      const after = before + cost * each
      const allowed = after <= windowMs + EPSILON_MS
      const debt = allowed ? after : before
      if (cost > 0) remember(key, debt)

      return {
        allowed,
        remaining: Math.max(0, Math.floor((windowMs - debt + EPSILON_MS) / each)),
        retryAfterMs: allowed ? 0 : Math.ceil(after - windowMs - EPSILON_MS),
        resetMs: Math.max(0, Math.ceil(debt - EPSILON_MS))
      }
    }
  }
}
