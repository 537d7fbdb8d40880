import type { UserId } from '@rendezvous/contract'
import type { Test } from 'tap'
import type { TicketClaims, Tickets } from '../../src/tickets.ts'

/** Two nodes of a cluster that no other test uses, and its clock. */
export interface TicketsNodes {
  readonly here: Tickets
  readonly there: Tickets
  advance(ms: number): void
}

/** Makes two nodes, and closes them when `t` ends. */
export type MakeTicketsNodes = (t: Test) => Promise<TicketsNodes>

const TTL_MS = 30_000
const claims: TicketClaims = {
  userId: 7 as UserId,
  sessionId: 'a session',
  tokenId: 'a "token"\n',
  expiresAt: 1_800_000_000_000
}

/** The promises of every tickets port, as tests. */
export async function ticketsSuite(t: Test, makeNodes: MakeTicketsNodes): Promise<void> {
  await t.test('a ticket has 43 URL-safe characters, and no two are equal', async t => {
    const { here } = await makeNodes(t)
    const tickets = await Promise.all(Array.from({ length: 50 }, () => here.issue(claims, TTL_MS)))
    for (const ticket of tickets) t.match(ticket, /^[\w-]{43}$/)
    t.equal(new Set(tickets).size, tickets.length)
  })

  await t.test('any node redeems a ticket for the claims it was issued with', async t => {
    const { here, there } = await makeNodes(t)
    t.same(await there.redeem(await here.issue(claims, TTL_MS)), claims)
  })

  await t.test('of many concurrent redemptions of a ticket exactly one succeeds, and none later', async t => {
    const { here, there } = await makeNodes(t)
    const ticket = await here.issue(claims, TTL_MS)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? here : there).redeem(ticket)))
    t.equal(answers.filter(answer => answer !== null).length, 1)
    t.equal(await there.redeem(ticket), null)
  })

  await t.test('a ticket is valid for `ttlMs` and no longer', async t => {
    const { here, advance } = await makeNodes(t)
    const [soon, late] = [await here.issue(claims, TTL_MS), await here.issue(claims, TTL_MS)]
    advance(TTL_MS - 1)
    t.same(await here.redeem(soon), claims)
    advance(1)
    t.equal(await here.redeem(late), null)
  })

  await t.test('an invalid ticket redeems nothing and leaves others valid', async t => {
    const { here } = await makeNodes(t)
    const ticket = await here.issue(claims, TTL_MS)
    const forged = [
      '',
      ' ',
      '*',
      '__proto__',
      'a'.repeat(43),
      `${ticket} `,
      ticket.slice(1),
      `${ticket}\0`,
      '\ud800',
      'a'.repeat(100_000)
    ]
    for (const each of forged) t.equal(await here.redeem(each), null)
    t.same(await here.redeem(ticket), claims)
  })
}
