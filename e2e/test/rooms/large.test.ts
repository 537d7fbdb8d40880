import { type Event, limits, type Member } from '@rendezvous/contract'
import t from 'tap'
import { startNodes } from '../cluster.ts'
import { newParticipant, type Participant, type RecordedSocket } from './participant.ts'

/** Sockets of each of the four listeners on each gateway: 48 in all. */
const SOCKETS = 6

t.test('a group of 10,000 can be filled, receives messages, lists its members and can be left', async t => {
  const nodes = await startNodes(t)
  const gateways = Array.from({ length: 2 * SOCKETS }, (_, n) => (n % 2 === 0 ? 0 : 1))
  const listener = () => newParticipant(nodes, gateways, async () => 0)
  const [owner, leaver, ...others] = await Promise.all([listener(), listener(), listener(), listener()])
  const group = await owner.at[0].http.request<{ id: number }>('POST', '/api/v1/conversations/', {
    participants: [leaver, ...others].map(({ id }) => id)
  })
  const members = `/api/v1/conversations/${group.id}/members/`
  const everybody = [owner, leaver, ...others]

  const silent = await nodes.populate(limits.groupMembers - everybody.length)
  for (const [n, page] of pagesOf(silent).entries())
    await owner.at[n % 2 === 0 ? 0 : 1].http.request('POST', members, { user_ids: page })
  const [oneMore] = await nodes.populate(1)
  await t.rejects(owner.at[0].http.request('POST', members, { user_ids: [oneMore] }), { code: 'group_full' })

  const sent = await owner.at[1].http.send(group.id, 'to all of you')
  await Promise.all(socketsOf(everybody).map(socket => socket.waitFor(isMessage(sent.id))))
  t.same(
    await list(owner, members),
    [...everybody.map(({ id }) => id), ...silent].toSorted((a, b) => a - b)
  )

  await leaver.at[0].http.leave(group.id)
  await Promise.all(socketsOf(everybody).map(socket => socket.waitFor(({ type }) => type === 'member_left')))
  const last = await owner.at[1].http.send(group.id, 'to those who stayed')
  await Promise.all(socketsOf([owner, ...others]).map(socket => socket.waitFor(isMessage(last.id))))
  for (const socket of leaver.sockets) {
    await socket.answered()
    t.notOk(socket.received.some(isMessage(last.id)))
  }
})

function pagesOf(ids: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(ids.length / limits.idsPerRequest) }, (_, n) =>
    ids.slice(n * limits.idsPerRequest, (n + 1) * limits.idsPerRequest)
  )
}

/** The ids of all members, read page by page. */
async function list({ at }: Participant, path: string): Promise<number[]> {
  const ids: number[] = []
  let next: string | null = `${path}?limit=${limits.pageSizeMax}`
  while (next !== null) {
    const page: { results: Member[]; next: string | null } = await at[0].http.request('GET', next)
    ids.push(...page.results.map(({ user_id }) => user_id))
    next = page.next === null ? null : page.next.replace(/^https?:\/\/[^/]+/, '')
  }
  return ids
}

function socketsOf(actors: readonly Participant[]): RecordedSocket[] {
  return actors.flatMap(({ sockets }) => sockets)
}

function isMessage(id: number): (event: Event) => boolean {
  return event => event.type === 'message_created' && event.id === id
}
