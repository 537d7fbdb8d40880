import { randomBytes } from 'node:crypto'
import type { TicketClaims, Tickets } from '../tickets.ts'
import { type RedisStore, script } from './store.ts'
import { keyOf, type Tag, tagOf } from './tags.ts'

const TICKETS_MAX = 1_000_000
/** Expired tickets that one call of `issue` deletes: more than one, so that they cannot grow. */
const PURGED = 20
const TICKET = /^[\w-]{43}$/

const time = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
`

/** Keys: claims by ticket, tickets by expiry. Arguments: time, ticket, claims, lifetime, most tickets. No key expires by
 *  itself, so that Redis never evicts one under `volatile-lru`. */
const issue = script(`${time}
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ${PURGED})) do
  redis.call('HDEL', KEYS[1], old)
  redis.call('ZREM', KEYS[2], old)
end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return redis.error_reply('-FULL no room') end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[2])
return 1
`)

/** Keys as above. Arguments: time, ticket. */
const redeem = script(`${time}
local claims, ends = redis.call('HGET', KEYS[1], ARGV[2]), redis.call('ZSCORE', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
if not claims or tonumber(ends) <= now then return false end
return claims
`)

/** How tickets are kept on Redis. */
export interface RedisTicketsOptions {
  /** The tags among which tickets are divided. The same on all nodes. */
  readonly tags: readonly Tag[]
  /** Most tickets, over all tags. A million by default, some 400 MB of Redis. */
  readonly ticketsMax?: number
  /** The time, in place of Redis's own. For tests. */
  readonly clock?: () => number
}

/** Tickets on Redis. */
export function redisTickets(store: RedisStore, options: RedisTicketsOptions): Tickets {
  const { tags, ticketsMax = TICKETS_MAX, clock } = options
  const mostOfTag = Math.ceil(ticketsMax / tags.length)
  const tagOfTicket = (ticket: string): Tag => tags[tagOf(ticket) % tags.length] ?? 0
  const keysOf = (tag: Tag) => [keyOf(tag, 'tickets:claims'), keyOf(tag, 'tickets:expiry')]

  return {
    async issue(claims, ttlMs) {
      const ticket = randomBytes(32).toString('base64url')
      const tag = tagOfTicket(ticket)
      await store.run(issue, tag, keysOf(tag), [clock?.() ?? '', ticket, JSON.stringify(claims), ttlMs, mostOfTag])
      return ticket
    },
    async redeem(ticket) {
      if (!TICKET.test(ticket)) return null
      const tag = tagOfTicket(ticket)
      const claims = await store.run(redeem, tag, keysOf(tag), [clock?.() ?? '', ticket])
      return typeof claims === 'string' ? (JSON.parse(claims) as TicketClaims) : null
    }
  }
}
