import type { UserId } from '@rendezvous/contract'
import type { Test } from 'tap'
import type { TicketClaims, Tickets } from '../../src/tickets.ts'

/** Two nodes on one cluster that nobody else uses, and its clock. */
export interface TicketsNodes {
  readonly here: Tickets
  readonly there: Tickets
  advance(ms: number): void
}

/** Makes two nodes; what it opens it closes when `t` ends. */
export type MakeTicketsNodes = (t: Test) => Promise<TicketsNodes>

const TTL_MS = 30_000
const claims: TicketClaims = {
  userId: 7 as UserId,
  sessionId: 'a session',
  tokenId: 'a "token"\n',
  expiresAt: 1_800_000_000_000
}

/** What every tickets promises. */
export async function ticketsSuite(t: Test, makeNodes: MakeTicketsNodes): Promise<void> {
  await t.test('a ticket is 43 characters that are safe in a URL, and no two are alike', async t => {
    const { here } = await makeNodes(t)
    const tickets = await Promise.all(Array.from({ length: 50 }, () => here.issue(claims, TTL_MS)))
    for (const ticket of tickets) t.match(ticket, /^[\w-]{43}$/)
    t.equal(new Set(tickets).size, tickets.length)
  })

  await t.test('it is redeemed on any node, for the claims it was made with', async t => {
    const { here, there } = await makeNodes(t)
    t.same(await there.redeem(await here.issue(claims, TTL_MS)), claims)
  })

  await t.test('of many who redeem it at once one succeeds, and none after', async t => {
    const { here, there } = await makeNodes(t)
    const ticket = await here.issue(claims, TTL_MS)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? here : there).redeem(ticket)))
    t.equal(answers.filter(answer => answer !== null).length, 1)
    t.equal(await there.redeem(ticket), null)
  })

  await t.test('it holds for its time and no longer', async t => {
    const { here, advance } = await makeNodes(t)
    const [soon, late] = [await here.issue(claims, TTL_MS), await here.issue(claims, TTL_MS)]
    advance(TTL_MS - 1)
    t.same(await here.redeem(soon), claims)
    advance(1)
    t.equal(await here.redeem(late), null)
  })

  await t.test('what is no ticket redeems nothing and harms none', async t => {
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
