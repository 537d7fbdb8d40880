import { type Limits, refuseInvalidRate } from '../limits.ts'
import { type RedisStore, script } from './store.ts'
import { keyOf, type Tag, tagOf } from './tags.ts'

/** How long a key outlives its debt, in milliseconds. */
const KEPT_MS = 60_000

/** Key: when the debt is paid, in milliseconds since 1970. Arguments: time, use in milliseconds, window. Answers whether
 *  the use is allowed, the debt after it, and the debt that it would have made. */
const take = script(`
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local use, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local before = math.min(window, math.max(0, tonumber(redis.call('GET', KEYS[1]) or 0) - now))
local after = before + use
local allowed = after <= window + 1e-3
local debt = allowed and after or before
if use > 0 then
  redis.call('SET', KEYS[1], string.format('%.6f', now + debt), 'PX', math.ceil(debt) + ${KEPT_MS})
end
return { allowed and 1 or 0, string.format('%.6f', debt), string.format('%.6f', after) }
`)

/** Debts are sums of fractions of a millisecond that Redis stores with six digits. A smaller difference is rounding. */
const EPSILON_MS = 1e-3

/** How limits are kept on Redis. */
export interface RedisLimitsOptions {
  /** The tags among which keys are divided. The same on all nodes. */
  readonly tags: readonly Tag[]
  /** The time, in place of Redis's own. For tests. */
  readonly clock?: () => number
}

/** Limits that Redis counts for all nodes, one round trip a call. Calls of one turn of the event loop share it. Every
 *  key expires, so that Redis may evict them and nothing else under `volatile-lru`. */
export function redisLimits(store: RedisStore, { tags, clock }: RedisLimitsOptions): Limits {
  return {
    async take(key, rate) {
      refuseInvalidRate(rate)
      const { limit, windowMs, cost = 1 } = rate
      const each = windowMs / limit
      const tag = tags[tagOf(key) % tags.length] ?? 0
      const args = [clock?.() ?? '', `${cost * each}`, windowMs]
      const reply = await store.run(take, tag, [keyOf(tag, `limit:${key}`)], args)
      const [allowed, debt = 0, after = 0] = (reply as (string | number)[]).map(Number)

      return {
        allowed: allowed === 1,
        remaining: Math.max(0, Math.floor((windowMs - debt + EPSILON_MS) / each)),
        retryAfterMs: allowed === 1 ? 0 : Math.ceil(after - windowMs - EPSILON_MS),
        resetMs: Math.max(0, Math.ceil(debt - EPSILON_MS))
      }
    }
  }
}
