import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { memoryTickets } from '../src/memory/tickets.ts'
import { memoryWire } from '../src/memory/wire.ts'
import { type MakeTicketsNodes, ticketsSuite } from './suites/tickets.ts'

const makeNodes: MakeTicketsNodes = async () => {
  let now = 1_800_000_000_000
  const wire = memoryWire({ clock: () => now })
  return {
    here: memoryTickets(wire),
    there: memoryTickets(wire),
    advance(ms) {
      now += ms
    }
  }
}
const claims = { userId: 1 as UserId, sessionId: 's', tokenId: 't', expiresAt: 1 }

t.test('the memory tickets pass the suite of every tickets port', t => ticketsSuite(t, makeNodes))

t.test('the number of tickets is bounded; redeemed and expired ones make room', async t => {
  let now = 0
  const tickets = memoryTickets(memoryWire({ clock: () => now, bounds: { tickets: 2 } }))
  const first = await tickets.issue(claims, 10)
  await tickets.issue(claims, 20)
  await t.rejects(tickets.issue(claims, 10), { code: 'full' })
  await tickets.redeem(first)
  await t.resolves(tickets.issue(claims, 10))
  await t.rejects(tickets.issue(claims, 10), { code: 'full' })
  now = 10
  await t.resolves(tickets.issue(claims, 10))
})

t.test('every call rejects while the cluster is down', async t => {
  const wire = memoryWire({ clock: () => 0 })
  const tickets = memoryTickets(wire)
  wire.goDown()
  await t.rejects(tickets.issue(claims, 10), { code: 'unreachable' })
  await t.rejects(tickets.redeem('a ticket'), { code: 'unreachable' })
})
