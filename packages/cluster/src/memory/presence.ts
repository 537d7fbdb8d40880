import type { UserId } from '@rendezvous/contract'
import { full } from '../error.ts'
import { LEASE_GRACE_MS, ONLINE_MAX, type Presence, type PresenceOptions, REAP_MAX } from '../presence.ts'
import type { Lease, MemoryWire, Person } from './wire.ts'

/** Presence as `gatewayId` sees it on `wire`. */
export function memoryPresence(wire: MemoryWire, { gatewayId, leaseMs }: PresenceOptions): Presence {
  let token: object | null = null

  function extendLease(): Lease {
    const { leases } = wire.reach()
    const lease = leases.get(gatewayId) ?? { token: {}, expiresAt: 0 }
    lease.expiresAt = Math.max(lease.expiresAt, wire.clock() + leaseMs)
    leases.set(gatewayId, lease)
    token ??= lease.token
    return lease
  }

  return {
    async renew() {
      const lease = extendLease()
      const lost = token !== lease.token
      token = lease.token
      return { lost }
    },
    async arrive(userId) {
      const person = findOrAdd(wire, userId)
      extendLease()
      if (!person.holders.includes(gatewayId)) person.holders = person.holders.concat(gatewayId)
      person.graceUntil = 0
      wire.reach().leaving.delete(userId)
      return show(person)
    },
    async depart(userId, graceMs) {
      leave(wire, userId, gatewayId, wire.clock() + graceMs)
    },
    async drain(graceMs) {
      leaveAll(wire, gatewayId, wire.clock() + graceMs)
    },
    async reap() {
      giveUpGateways(wire)
      return reapPeople(wire)
    },
    async online(userIds) {
      if (userIds.length > ONLINE_MAX) throw new RangeError(`at most ${ONLINE_MAX} users a call`)
      const { people } = wire.reach()
      return userIds.filter(userId => people.get(userId)?.visible)
    },
    async everybody(limit) {
      const seen: UserId[] = []
      for (const [userId, { visible }] of wire.reach().people) {
        if (seen.length >= limit) break
        if (visible) seen.push(userId)
      }
      return seen
    },
    async declare(userId, state, ttlMs) {
      return state === 'offline' ? hide(wire, userId) : declareOnline(wire, userId, wire.clock() + ttlMs)
    }
  }
}

function findOrAdd(wire: MemoryWire, userId: UserId): Person {
  const { people } = wire.reach()
  const known = people.get(userId)
  if (known !== undefined) return known
  if (people.size >= wire.bounds.users) throw full('user')

  const person: Person = { holders: [], visible: false, graceUntil: 0, declaredUntil: 0 }
  people.set(userId, person)
  return person
}

function show(person: Person) {
  const turned = !person.visible
  person.visible = true
  return { turned }
}

function declareOnline(wire: MemoryWire, userId: UserId, until: number) {
  const person = findOrAdd(wire, userId)
  person.declaredUntil = until
  if (person.holders.length === 0) wire.reach().leaving.add(userId)
  return show(person)
}

/** Who hid himself is remembered only while a gateway holds him. */
function hide(wire: MemoryWire, userId: UserId) {
  const { people } = wire.reach()
  const person = people.get(userId)
  if (person === undefined || !person.visible) return { turned: false }

  person.visible = false
  person.graceUntil = 0
  person.declaredUntil = 0
  if (person.holders.length === 0) forget(wire, userId)
  return { turned: true }
}

function leave(wire: MemoryWire, userId: UserId, gatewayId: string, until: number): void {
  const { people, leaving } = wire.reach()
  const person = people.get(userId)
  if (person === undefined || !person.holders.includes(gatewayId)) return

  person.holders = person.holders.filter(holder => holder !== gatewayId)
  person.graceUntil = Math.max(person.graceUntil, until)
  if (person.holders.length > 0) return
  if (person.visible) leaving.add(userId)
  else forget(wire, userId)
}

function leaveAll(wire: MemoryWire, gatewayId: string, until: number): void {
  for (const userId of wire.reach().people.keys()) leave(wire, userId, gatewayId, until)
}

function forget(wire: MemoryWire, userId: UserId): void {
  const { people, leaving } = wire.reach()
  people.delete(userId)
  leaving.delete(userId)
}

function giveUpGateways(wire: MemoryWire): void {
  const { leases } = wire.reach()
  for (const [gatewayId, { expiresAt }] of leases) {
    const until = expiresAt + LEASE_GRACE_MS
    if (until > wire.clock()) continue
    leases.delete(gatewayId)
    leaveAll(wire, gatewayId, until)
  }
}

function reapPeople(wire: MemoryWire): UserId[] {
  const { people, leaving } = wire.reach()
  const gone: { readonly userId: UserId; readonly at: number }[] = []
  for (const userId of leaving) {
    const person = people.get(userId)
    const at = person === undefined ? 0 : Math.max(person.graceUntil, person.declaredUntil)
    if (at <= wire.clock()) gone.push({ userId, at })
  }

  const first = gone.sort((a, b) => a.at - b.at).slice(0, REAP_MAX)
  for (const { userId } of first) forget(wire, userId)
  return first.map(({ userId }) => userId)
}
