import { CLAIM_MS, LEASE_GRACE_MS } from '../presence.ts'
import { script } from './store.ts'

/** The names of the keys of one tag, in the order in which every script takes them:
 *  - `people`: a hash from user id to the state of each user that memory keeps too (`Person` of memory/wire.ts).
 *  - `visible`: the set of users who are seen online.
 *  - `leaving`: users without a gateway, by the time at which they go offline or their claim ends.
 *  - `leases`: the leases of gateways, by the time at which each is given up.
 *  - `held`: `<lease> <user>` for each user that a lease holds.
 *
 * All numbers are milliseconds since 1970 by Redis's own clock. */
export const presenceKeys = [
  'presence:people',
  'presence:visible',
  'presence:leaving',
  'presence:leases',
  'presence:held'
]

/** What all scripts share. The first argument is the time, empty for that of Redis. */
const shared = `
local people, visible, leaving, leases, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function load(user)
  local text = redis.call('HGET', people, user)
  return text and cjson.decode(text)
end
local function save(user, person)
  redis.call('HSET', people, user, cjson.encode(person))
end
local function add(most)
  if redis.call('HLEN', people) >= most then return nil end
  return { holders = {}, grace = 0, declared = 0, seen = 0 }
end
local function forget(user)
  redis.call('HDEL', people, user)
  redis.call('SREM', visible, user)
  redis.call('ZREM', leaving, user)
end
local function leave(user, lease, at, ends)
  if redis.call('ZREM', held, lease .. ' ' .. user) == 0 then return end
  local person = load(user)
  if not person then return end
  local others = {}
  for _, other in ipairs(person.holders) do
    if other ~= lease then others[#others + 1] = other end
  end
  person.holders = others
  person.grace = math.max(person.grace, ends)
  person.seen = math.max(person.seen, at)
  if #others == 0 and redis.call('SISMEMBER', visible, user) == 0 then return forget(user) end
  if #others == 0 then redis.call('ZADD', leaving, math.max(person.grace, person.declared), user) end
  save(user, person)
end
`

const presenceScript = (body: string) => script(shared + body)

/** Arguments: time, lease, duration. Takes a lease. */
export const takeLease = presenceScript(`
redis.call('ZADD', leases, now + ARGV[3] + ${LEASE_GRACE_MS}, ARGV[2])
return 1
`)

/** Arguments: time, lease, duration. Extends a lease that was not given up: 1, else 0. */
export const extendLease = presenceScript(`
local ends = redis.call('ZSCORE', leases, ARGV[2])
if not ends or tonumber(ends) <= now then return 0 end
redis.call('ZADD', leases, now + ARGV[3] + ${LEASE_GRACE_MS}, ARGV[2])
return 1
`)

/** Arguments: time, lease, user, most users. Whether the user turned visible; FULL when no more users fit. A lease that
 *  nobody knows counts as given up, so that a reap finds the user. */
export const arrive = presenceScript(`
local lease, user = ARGV[2], ARGV[3]
local person = load(user) or add(tonumber(ARGV[4]))
if not person then return redis.error_reply('-FULL no room') end
if not redis.call('ZSCORE', leases, lease) then redis.call('ZADD', leases, 0, lease) end
if redis.call('ZADD', held, 0, lease .. ' ' .. user) == 1 then person.holders[#person.holders + 1] = lease end
person.grace = 0
person.claim = nil
redis.call('ZREM', leaving, user)
save(user, person)
return redis.call('SADD', visible, user)
`)

/** Arguments: time, lease, grace, user, user, … */
export const depart = presenceScript(`
for n = 4, #ARGV do leave(ARGV[n], ARGV[2], now, now + ARGV[3]) end
return 1
`)

/** Arguments: time, user, duration, most users. Whether the user turned visible; FULL when no more users fit. */
export const declareOnline = presenceScript(`
local user = ARGV[2]
local person = load(user) or add(tonumber(ARGV[4]))
if not person then return redis.error_reply('-FULL no room') end
person.declared = now + ARGV[3]
person.seen = now
person.claim = nil
if #person.holders == 0 then redis.call('ZADD', leaving, math.max(person.grace, person.declared), user) end
save(user, person)
return redis.call('SADD', visible, user)
`)

/** Arguments: time, user. Whether the user was visible. A hidden user is kept only while a gateway holds them. */
export const declareOffline = presenceScript(`
local user = ARGV[2]
if redis.call('SREM', visible, user) == 0 then return 0 end
local person = load(user)
if #person.holders == 0 then
  forget(user)
else
  person.grace = 0
  person.declared = 0
  save(user, person)
end
return 1
`)

/** Arguments: time. Whether a reap would find anybody. */
export const isDue = presenceScript(`
return redis.call('ZCOUNT', leaving, '-inf', now) + redis.call('ZCOUNT', leases, '-inf', now)
`)

/** Arguments: time, claim, most users to take from leases that were given up, most users to claim. Answers how many were
 *  taken, and for each claimed user their id and when they were last seen. */
export const reap = presenceScript(`
local taken, left = 0, tonumber(ARGV[3])
for _, lease in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
  local ends = tonumber(redis.call('ZSCORE', leases, lease))
  if ends == 0 then ends = now end
  local members = redis.call('ZRANGEBYLEX', held, '[' .. lease .. ' ', '[' .. lease .. ' \\255', 'LIMIT', 0, left - taken + 1)
  for n = 1, math.min(#members, left - taken) do
    leave(string.sub(members[n], #lease + 2), lease, ends - ${LEASE_GRACE_MS}, ends)
  end
  if #members > left - taken then
    taken = left
    break
  end
  taken = taken + #members
  redis.call('ZREM', leases, lease)
end

local answer = { taken }
for _, user in ipairs(redis.call('ZRANGEBYSCORE', leaving, '-inf', now, 'LIMIT', 0, ARGV[4])) do
  local person = load(user)
  person.claim = ARGV[2]
  save(user, person)
  redis.call('SREM', visible, user)
  redis.call('ZADD', leaving, now + ${CLAIM_MS}, user)
  answer[#answer + 1] = user
  answer[#answer + 1] = string.format('%.0f', person.seen)
end
return answer
`)

/** Arguments: time, claim, user, user, … */
export const acknowledge = presenceScript(`
for n = 3, #ARGV do
  local person = load(ARGV[n])
  if person and person.claim == ARGV[2] then forget(ARGV[n]) end
end
return 1
`)
