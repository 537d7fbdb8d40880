import type { UserId } from '@rendezvous/contract'
import type { Test } from 'tap'
import type { Presence } from '../../src/presence.ts'

/** Two gateways on a cluster of their own, and its clock. */
export interface PresenceNodes {
  readonly here: Presence
  readonly there: Presence
  /** Lets `ms` pass on the clock of the shared store. */
  advance(ms: number): Promise<void>
}

/** Makes two gateways whose leases hold for `LEASE_MS`, and closes them when `t` ends. */
export type MakePresenceNodes = (t: Test) => Promise<PresenceNodes>

export const LEASE_MS = 10_000
export const GRACE_MS = 3_000
export const TTL_MS = 60_000

export const [alice, bob, carol] = [1, 2, 3] as UserId[] as [UserId, UserId, UserId]

/** The users 1 to `count`. */
export function crowdOf(count: number): UserId[] {
  return Array.from({ length: count }, (_, n) => (n + 1) as UserId)
}

/** Reaps once, acknowledges, and answers the users who went offline, ascending. */
export async function reapAll(node: Presence): Promise<UserId[]> {
  const reaped = await node.reap()
  await node.acknowledge(reaped)
  return reaped.userIds.toSorted((a, b) => a - b)
}
