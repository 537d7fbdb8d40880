import { memoryLimits, memoryWire } from '@rendezvous/cluster'
import type { Test } from 'tap'
import type { RequestRates } from '../../src/kernel/limits.ts'
import { startApi } from '../app.ts'

/** The limit of a class in these tests. */
export const three = { limit: 3, windowMs: 30_000 }

/** A node whose clock stands still, and its cluster. Every class except `others` is limited to three in 30 seconds. */
export async function startLimited(t: Test, others: Partial<RequestRates> = {}) {
  const wire = memoryWire({ clock: () => 0 })
  const limits = memoryLimits(wire)
  const all = {
    read: three,
    write: three,
    search: three,
    people: three,
    sync: three,
    public: three,
    login: three,
    register: three,
    ...others
  }
  const api = await startApi(t, { requestRates: all, ports: () => ({ limits, commandRates: all }) })
  const from = (remoteAddress: string, url = '/api/token/verify/', headers = {}) =>
    api.app.inject({ method: 'POST', url, remoteAddress, headers })
  return { ...api, wire, limits, from }
}
