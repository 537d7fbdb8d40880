import type { UserId } from '@rendezvous/contract'
import type { Test } from 'tap'
import type { Presence } from '../../src/presence.ts'

/** Two gateways on one cluster that nobody else uses, and its clock. */
export interface PresenceNodes {
  readonly here: Presence
  readonly there: Presence
  advance(ms: number): void
}

/** Makes two gateways whose leases hold for `LEASE_MS`; what it opens it closes when `t` ends. */
export type MakePresenceNodes = (t: Test) => Promise<PresenceNodes>

export const LEASE_MS = 10_000
export const GRACE_MS = 3_000
export const TTL_MS = 60_000

export const [alice, bob, carol] = [1, 2, 3] as UserId[] as [UserId, UserId, UserId]
