import type { UserId } from '@rendezvous/contract'
import { full } from '../error.ts'
import {
  CLAIM_MS,
  LEASE_GRACE_MS,
  ONLINE_MAX,
  type Presence,
  type PresenceOptions,
  STEP_MAX,
  type Turn
} from '../presence.ts'
import type { MemoryWire, Person } from './wire.ts'

/** Presence as `gatewayId` sees it on `wire`. */
export function memoryPresence(wire: MemoryWire, { gatewayId, leaseMs }: PresenceOptions): Presence {
  let leases = 0
  let claims = 0

  /** The name of the current lease. It differs from that of a lost lease, so that their users are told apart. */
  const holder = () => `${gatewayId} ${leases}`

  function takeLease(): void {
    leases += 1
    extendLease()
  }

  function extendLease(): void {
    wire.reach().leases.set(holder(), wire.clock() + leaseMs + LEASE_GRACE_MS)
  }

  return {
    async renew() {
      const lost = leases > 0 && isGivenUp(wire, holder())
      if (leases === 0 || lost) takeLease()
      else extendLease()
      return { lost }
    },
    async arrive(userId) {
      const person = findOrAdd(wire, userId)
      if (leases === 0) takeLease()
      hold(wire, userId, person, holder())
      return show(person)
    },
    async depart(userIds, graceMs) {
      refuseAbove(STEP_MAX, userIds)
      const at = wire.clock()
      for (const userId of userIds) leave(wire, userId, holder(), { at, until: at + graceMs })
    },
    async reap() {
      emptyGivenUp(wire)
      claims += 1
      const claim = `${gatewayId} ${claims}`
      const claimed = claimDue(wire, claim)
      return { claim, userIds: claimed.map(([userId]) => userId), seenAt: claimed.map(([, { seenAt }]) => seenAt) }
    },
    async acknowledge({ claim, userIds }) {
      refuseAbove(STEP_MAX, userIds)
      const { people } = wire.reach()
      for (const userId of userIds) if (people.get(userId)?.claim?.id === claim) forget(wire, userId)
    },
    async online(userIds) {
      refuseAbove(ONLINE_MAX, userIds)
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

function refuseAbove(max: number, userIds: readonly UserId[]): void {
  if (userIds.length > max) throw new RangeError(`at most ${max} users a call`)
}

function findOrAdd(wire: MemoryWire, userId: UserId): Person {
  const { people } = wire.reach()
  const known = people.get(userId)
  if (known !== undefined) return known
  if (people.size >= wire.bounds.users) throw full('user')

  const person: Person = { holders: [], visible: false, graceUntil: 0, declaredUntil: 0, seenAt: 0, claim: null }
  people.set(userId, person)
  return person
}

function show(person: Person): Turn {
  const turned = !person.visible
  person.visible = true
  person.claim = null
  return { turned }
}

function hold(wire: MemoryWire, userId: UserId, person: Person, holder: string): void {
  const { held, leaving } = wire.reach()
  if (!person.holders.includes(holder)) person.holders = person.holders.concat(holder)
  const users = held.get(holder) ?? new Set()
  held.set(holder, users.add(userId))
  person.graceUntil = 0
  leaving.delete(userId)
}

function declareOnline(wire: MemoryWire, userId: UserId, until: number): Turn {
  const person = findOrAdd(wire, userId)
  person.declaredUntil = until
  person.seenAt = wire.clock()
  if (person.holders.length === 0) wire.reach().leaving.add(userId)
  return show(person)
}

/** A hidden user is remembered only while a gateway holds them. */
function hide(wire: MemoryWire, userId: UserId): Turn {
  const { people } = wire.reach()
  const person = people.get(userId)
  if (person === undefined || !person.visible) return { turned: false }

  person.visible = false
  person.graceUntil = 0
  person.declaredUntil = 0
  if (person.holders.length === 0) forget(wire, userId)
  return { turned: true }
}

/** The user leaves `holder` at the moment `at`, and has a grace until `until`. */
function leave(
  wire: MemoryWire,
  userId: UserId,
  holder: string,
  { at, until }: { readonly at: number; readonly until: number }
): void {
  const { people, held, leaving } = wire.reach()
  const users = held.get(holder)
  const person = people.get(userId)
  if (users === undefined || person === undefined || !users.delete(userId)) return

  if (users.size === 0) held.delete(holder)
  person.holders = person.holders.filter(other => other !== holder)
  person.graceUntil = Math.max(person.graceUntil, until)
  person.seenAt = Math.max(person.seenAt, at)
  if (person.holders.length > 0) return
  if (person.visible) leaving.add(userId)
  else forget(wire, userId)
}

function forget(wire: MemoryWire, userId: UserId): void {
  const { people, leaving } = wire.reach()
  people.delete(userId)
  leaving.delete(userId)
}

function isGivenUp(wire: MemoryWire, holder: string): boolean {
  return (wire.reach().leases.get(holder) ?? 0) <= wire.clock()
}

/** Takes users from gateways that were given up: a bounded number, so that one call stays short. */
function emptyGivenUp(wire: MemoryWire): void {
  const { held, leases } = wire.reach()
  let taken = 0
  for (const [holder, users] of held) {
    if (!isGivenUp(wire, holder)) continue
    const until = leases.get(holder) ?? wire.clock()
    for (const userId of users) {
      if (taken === STEP_MAX) return
      leave(wire, userId, holder, { at: until - LEASE_GRACE_MS, until })
      taken += 1
    }
  }
  for (const holder of leases.keys()) if (isGivenUp(wire, holder)) leases.delete(holder)
}

function claimDue(wire: MemoryWire, id: string): (readonly [UserId, Person])[] {
  const { people, leaving } = wire.reach()
  const claimed: (readonly [UserId, Person])[] = []
  for (const userId of leaving) {
    if (claimed.length === STEP_MAX) break
    const person = people.get(userId)
    if (person === undefined || dueAt(person) > wire.clock()) continue
    person.visible = false
    person.claim = { id, until: wire.clock() + CLAIM_MS }
    leaving.delete(userId)
    leaving.add(userId) // moves the user to the end, so that the next claim begins with users who were due before
    claimed.push([userId, person])
  }
  return claimed
}

function dueAt({ claim, graceUntil, declaredUntil }: Person): number {
  return claim === null ? Math.max(graceUntil, declaredUntil) : claim.until
}
