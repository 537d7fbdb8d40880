import { type Event, limits, type Member } from '@rendezvous/contract'
import t from 'tap'
import { startNodes } from '../cluster.ts'
import { type Actor, type Ear, newActor } from './crowd.ts'

/** Sockets that each of the four listeners has on each gateway: 48 in all. */
const SOCKETS = 6

t.test('a room of 10,000 is filled, heard, listed and left', async t => {
  const nodes = await startNodes(t)
  const gateways = Array.from({ length: 2 * SOCKETS }, (_, n) => (n % 2 === 0 ? 0 : 1))
  const listener = () => newActor(nodes, gateways, async () => 0)
  const [owner, leaver, ...others] = await Promise.all([listener(), listener(), listener(), listener()])
  const group = await owner.at[0].http.request<{ id: number }>('POST', '/api/v1/conversations/', {
    participants: [leaver, ...others].map(({ id }) => id)
  })
  const members = `/api/v1/conversations/${group.id}/members/`
  const everybody = [owner, leaver, ...others]

  const crowd = await nodes.populate(limits.groupMembers - everybody.length)
  for (const [n, page] of pagesOf(crowd).entries())
    await owner.at[n % 2 === 0 ? 0 : 1].http.request('POST', members, { user_ids: page })
  const [oneMore] = await nodes.populate(1)
  await t.rejects(owner.at[0].http.request('POST', members, { user_ids: [oneMore] }), { code: 'group_full' })

  const sent = await owner.at[1].http.send(group.id, 'to all of you')
  await Promise.all(earsOf(everybody).map(ear => ear.hears(isMessage(sent.id))))
  t.same(
    await list(owner, members),
    [...everybody.map(({ id }) => id), ...crowd].toSorted((a, b) => a - b)
  )

  await leaver.at[0].http.leave(group.id)
  await Promise.all(earsOf(everybody).map(ear => ear.hears(({ type }) => type === 'member_left')))
  const last = await owner.at[1].http.send(group.id, 'to those who stayed')
  await Promise.all(earsOf([owner, ...others]).map(ear => ear.hears(isMessage(last.id))))
  for (const ear of leaver.ears) {
    await ear.answered()
    t.notOk(ear.heard.some(isMessage(last.id)))
  }
})

function pagesOf(ids: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(ids.length / limits.idsPerRequest) }, (_, n) =>
    ids.slice(n * limits.idsPerRequest, (n + 1) * limits.idsPerRequest)
  )
}

/** The ids of all members, page by page. */
async function list({ at }: Actor, path: string): Promise<number[]> {
  const ids: number[] = []
  let next: string | null = `${path}?limit=${limits.pageSizeMax}`
  while (next !== null) {
    const page: { results: Member[]; next: string | null } = await at[0].http.request('GET', next)
    ids.push(...page.results.map(({ user_id }) => user_id))
    next = page.next === null ? null : page.next.replace(/^https?:\/\/[^/]+/, '')
  }
  return ids
}

function earsOf(actors: readonly Actor[]): Ear[] {
  return actors.flatMap(({ ears }) => ears)
}

function isMessage(id: number): (event: Event) => boolean {
  return event => event.type === 'message_created' && event.id === id
}
