import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { Hub } from '../src/hub/hub.ts'
import type { RoomSocket } from '../src/rooms/room.ts'
import { openRooms } from '../src/rooms/rooms.ts'
import type { Client, ReceivedFrame } from './client.ts'
import { emptyRoster } from './fake-backend.ts'
import {
  alice,
  bob,
  carol,
  club,
  type Gateway,
  headOf,
  openGateway,
  publisher,
  toAlice,
  toBob,
  toCarol,
  toClub
} from './gateway.ts'
import { manualTimers } from './manual-timers.ts'

const clubStream = `conversation:${club}`

/** A gateway and the members of the club: each is in the roster as of the given change. */
async function openClub(t: Test, members: ReadonlyMap<UserId, number>) {
  const gateway = await openGateway(t)
  gateway.backend.answers.roster = ({ userId }) => {
    const asOf = members.get(userId)
    return { ...emptyRoster, rooms: asOf === undefined ? [] : [headOf(club, asOf)] }
  }
  return { gateway, api: publisher(t, gateway) }
}

/** The frames before the courtesy `text`, which was published last on the user's own topic. */
async function until(client: Client, text: string): Promise<ReceivedFrame[]> {
  const frames = [await client.next()]
  while (frames.at(-1)?.text !== text) frames.push(await client.next())
  return frames.slice(0, -1)
}

const shown = (frames: readonly ReceivedFrame[]) => frames.map(({ type, seq, stream }) => [type, seq ?? stream])

/** Sets which members of the club the api names. */
function setMembers(gateway: Gateway, membersSeq: number, memberIds: readonly UserId[], headSeq = membersSeq): void {
  gateway.backend.answers.rooms = ({ userIds }) => ({
    membersSeq: membersSeq as Seq,
    headSeq: headSeq as Seq,
    memberIds: memberIds.filter(each => userIds.includes(each))
  })
}

t.test('a user who joins a room while their socket is open hears of it once, and of all that follows', async t => {
  const { gateway, api } = await openClub(t, new Map([[alice, 1]]))
  const [a, c] = [await gateway.connectReady(alice), await gateway.connectReady(carol)]
  await api.said(2, { membersSeq: 1 })
  await api.membersChanged('member_joined', 3, [carol])
  await api.said(4, { membersSeq: 3 })
  await api.tell([toAlice, toCarol], 'end')

  t.same(shown(await until(a, 'end')), [
    ['message_created', 2],
    ['member_joined', 3],
    ['message_created', 4]
  ])
  t.same(shown(await until(c, 'end')), [
    ['member_joined', 3],
    ['message_created', 4]
  ])
  t.same(gateway.backend.asked('rooms'), [], 'the room was subscribed already, so nothing had to be asked')
})

t.test('the first user of a gateway in a room resyncs only if the room had later events', async t => {
  for (const [headSeq, expected] of [
    [1, []],
    [2, [['resync', clubStream]]]
  ] as const) {
    const { gateway, api } = await openClub(t, new Map())
    setMembers(gateway, 1, [carol], headSeq)
    const c = await gateway.connectReady(carol)
    await api.membersChanged('conversation_created', 1, [bob, carol])
    t.same(shown([await c.next()]), [['conversation_created', 1]])
    await gateway.backend.whenAsked('rooms', 1)
    await api.said(3, { membersSeq: 1 })
    t.same(shown([await c.next(), ...(expected.length > 0 ? [await c.next()] : [])]), [
      ...expected,
      ['message_created', 3]
    ])
  }
})

t.test('joining and leaving are told once, whichever topic is first', async t => {
  for (const topics of [
    [toClub, toBob],
    [toBob, toClub]
  ]) {
    const { gateway, api } = await openClub(
      t,
      new Map([
        [alice, 1],
        [bob, 1]
      ])
    )
    const [a, b] = [await gateway.connectReady(alice), await gateway.connectReady(bob)]
    for (const topic of topics) await api.membersChanged('member_left', 2, [bob], [topic])
    await api.said(3, { membersSeq: 2 })
    for (const topic of topics) await api.membersChanged('member_joined', 4, [bob], [topic])
    await api.membersChanged('member_joined', 4, [bob], topics)
    await api.said(5, { membersSeq: 4 })
    await api.tell([toAlice, toBob], 'end')

    t.same(shown(await until(a, 'end')), [
      ['member_left', 2],
      ['message_created', 3],
      ['member_joined', 4],
      ['message_created', 5]
    ])
    t.same(shown(await until(b, 'end')), [
      ['member_left', 2],
      ['member_joined', 4],
      ['message_created', 5]
    ])
  }
})

t.test('a user who left hears nothing sent later, also when a later message overtakes the leaving', async t => {
  const { gateway, api } = await openClub(
    t,
    new Map([
      [alice, 1],
      [bob, 1]
    ])
  )
  setMembers(gateway, 2, [alice])
  const slow = publisher(t, gateway)
  const [a, b] = [await gateway.connectReady(alice), await gateway.connectReady(bob)]
  await api.said(1, { membersSeq: 1 })
  gateway.wire.faults.hold(slow.name)
  await slow.membersChanged('member_left', 2, [bob])
  await api.said(3, { membersSeq: 2 })
  await api.typed({ membersSeq: 2 })
  await gateway.backend.whenAsked('rooms', 1)
  gateway.timers.advance(500)
  t.same(shown([await a.next(), await a.next(), await a.next()]), [
    ['message_created', 1],
    ['typing', undefined],
    ['message_created', 3]
  ])
  gateway.wire.faults.release(slow.name)
  await api.tell([toBob], 'end')
  t.same(shown(await until(b, 'end')), [
    ['message_created', 1],
    ['member_left', 2]
  ])
})

t.test('a stale leaving does not remove a user who came back', async t => {
  const { gateway, api } = await openClub(t, new Map([[bob, 5]]))
  setMembers(gateway, 7, [bob])
  const b = await gateway.connectReady(bob)
  await api.membersChanged('member_left', 3, [bob], [toBob])
  await api.membersChanged('member_joined', 7, [bob], [toBob])
  await api.membersChanged('member_left', 6, [bob], [toBob])
  await api.said(8, { membersSeq: 7 })
  t.same(shown([await b.next(), await b.next()]), [
    ['member_joined', 7],
    ['message_created', 8]
  ])
})

t.test('a roster older than what the room knows is checked with the api', async t => {
  const { gateway, api } = await openClub(
    t,
    new Map([
      [alice, 1],
      [bob, 1],
      [carol, 1]
    ])
  )
  setMembers(gateway, 2, [alice, carol])
  const a = await gateway.connectReady(alice)
  await api.membersChanged('member_left', 2, [bob], [toClub])
  t.same(shown([await a.next()]), [['member_left', 2]])
  const [b, c] = [await gateway.connectReady(bob), await gateway.connectReady(carol)]
  await api.said(3, { membersSeq: 2 })
  await api.tell([toBob, toCarol], 'end')
  t.same(await until(b, 'end'), [])
  t.same(shown(await until(c, 'end')), [['message_created', 3]])
})

t.test('changes of members on the own topic count while a socket connects', async t => {
  const { gateway, api } = await openClub(
    t,
    new Map([
      [alice, 1],
      [bob, 1]
    ])
  )
  setMembers(gateway, 3, [alice, carol])
  const a = await gateway.connectReady(alice)
  gateway.backend.interpose('roster', async () => {
    await api.membersChanged('member_left', 2, [bob])
    await api.membersChanged('member_joined', 3, [carol])
  })
  const [b, c] = [await gateway.connectReady(bob), await gateway.connectReady(carol)]
  t.same(shown([await a.next(), await a.next()]), [
    ['member_left', 2],
    ['member_joined', 3]
  ])
  await api.said(4, { membersSeq: 3 })
  await api.tell([toBob, toCarol], 'end')
  t.same(shown(await until(b, 'end')), [['member_left', 2]])
  t.same(shown(await until(c, 'end')), [
    ['member_joined', 3],
    ['message_created', 4]
  ])
})

t.test('a room is subscribed from its first socket to its last', async t => {
  const asked: string[] = []
  const hub: Hub = {
    join: async (_, topics) => void asked.push(`+${topics.join()}`),
    leave: (_, topics) => void asked.push(`-${topics.join()}`),
    close: async () => undefined
  }
  const backend = { rooms: async () => ({ membersSeq: 1 as Seq, headSeq: 1 as Seq, memberIds: [] }) }
  const rooms = openRooms({ hub, backend, timers: manualTimers(), spreadMs: () => 0, log: error => t.error(error) })
  const socketOf = (userId: UserId): RoomSocket => ({ userId, receive: () => undefined, resync: () => undefined })
  const [a, b] = [socketOf(alice), socketOf(bob)]
  const other = 901 as ConversationId

  await rooms.enter(a, [headOf(club, 1), headOf(other, 1)])
  await rooms.enter(b, [headOf(club, 1)])
  rooms.release(a)
  t.same(asked.splice(0), [`+${toClub},room:901`, `+${toClub}`, '-room:901'])
  rooms.release(b)
  rooms.release(b)
  t.same(asked.splice(0), [`-${toClub}`])
  await rooms.enter(a, [headOf(club, 1)])
  t.same(asked, [`+${toClub}`])
})

t.test('a socket whose new room cannot be subscribed closes with 4005', async t => {
  const { gateway, api } = await openClub(t, new Map())
  const c = await gateway.connectReady(carol)
  gateway.wire.faults.disconnect(gateway.name, [toClub])
  await api.membersChanged('member_joined', 3, [carol], [toCarol])
  t.equal((await c.closed).code, 4005)
})

t.test('after an interruption of their own topic a user is in the rooms that they joined during it', async t => {
  const members = new Map([[alice, 1]])
  const { gateway, api } = await openClub(t, members)
  setMembers(gateway, 3, [alice, carol], 4)
  const [a, c] = [await gateway.connectReady(alice), await gateway.connectReady(carol)]
  gateway.wire.faults.disconnect(gateway.name, [toCarol])
  members.set(carol, 3)
  await api.membersChanged('member_joined', 3, [carol])
  await api.said(4, { membersSeq: 3 })
  gateway.backend.interpose('roster', () => Promise.reject(new Error('no api')))
  gateway.wire.faults.reconnect(gateway.name)
  await api.tell([toAlice], 'end')
  await until(a, 'end')
  gateway.timers.advance(3_000)
  t.match(await c.next(), { type: 'resync', stream: null }, 'at once when the api cannot be asked')

  gateway.backend.interpose('roster', () => Promise.resolve())
  gateway.backend.answers.missed = () => [{ conversationId: club, headSeq: 3 as Seq, receipts: false }]
  gateway.timers.advance(1_000)
  t.match(await c.next(), { type: 'presence_snapshot' })
  t.match(await c.next(), { type: 'resync', stream: clubStream }, 'and once it answers, of the joined room')
  await api.said(5, { membersSeq: 3 })
  t.match(await c.next(), { seq: 5 })
})

t.test('after an interruption of a room its sockets resync its stream', async t => {
  const { gateway, api } = await openClub(t, new Map([[alice, 1]]))
  setMembers(gateway, 1, [alice], 2)
  const [a, c] = [await gateway.connectReady(alice), await gateway.connectReady(carol)]
  gateway.wire.faults.disconnect(gateway.name, [toClub])
  await api.said(2, { membersSeq: 1 })
  gateway.wire.faults.reconnect(gateway.name)
  await api.tell([toAlice, toCarol], 'end')
  t.same(await until(a, 'end'), [])
  gateway.timers.advance(3_000)
  t.match(await a.next(), { type: 'resync', stream: clubStream })
  c.say({ type: 'ping' })
  t.match([...(await until(c, 'end')), await c.next()], [{ type: 'ack' }], 'other sockets do not resync')
})

t.test('frames on a room topic that name no room reach no socket', async t => {
  const { gateway, api } = await openClub(t, new Map([[alice, 1]]))
  const a = await gateway.connectReady(alice)
  await api.tell([toClub], 'no room')
  await api.messages([toClub], 2)
  await api.said(3, { membersSeq: 1 })
  t.same(shown([await a.next()]), [['message_created', 3]])
})
