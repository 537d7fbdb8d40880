import { limits, type Seq, type UserId } from '@rendezvous/contract'
import t from 'tap'
import { BACKLOG_BYTES, BACKLOG_BYTES_OF_ALL, BACKLOG_FRAMES } from '../src/rooms/backlog.ts'
import { RETRY_MS } from '../src/rooms/room.ts'
import { alice, bob, carol, club } from './gateway.ts'
import { frame, joined, left, openRoom, typing } from './one-room.ts'

t.test('a frame is sent at once when the room knows its change of members', t => {
  const { room, enter, asked } = openRoom(1)
  const [a, b] = [enter(alice), enter(bob)]
  room.receive([frame(2, 1), frame(3, 1)])
  room.receive([typing(1)])
  for (const { received } of [a, b]) t.same(received, [2, 3, 'typing as of 1'])
  t.same(asked, [])
  t.end()
})

t.test('a user who leaves gets that frame and no later one, also when all arrive in one batch', t => {
  const { room, enter, asked } = openRoom(1)
  const [a, b] = [enter(alice), enter(bob)]
  room.receive([frame(2, 1), left(3, bob), frame(4, 3), typing(3)])
  t.same(a.received, [2, 3, 4, 'typing as of 3'])
  t.same(b.received, [2, 3])
  t.same(asked, [], 'the next seq is a change of members, so the room does not ask the api')
  t.end()
})

t.test('a frame that names an unknown change of members waits until the api says which users are members', async t => {
  const { room, enter, asked, answer } = openRoom(1)
  const [a, b] = [enter(alice), enter(bob)]
  room.receive([frame(2, 1), frame(4, 3)])
  room.receive([typing(3), frame(5, 3)])
  for (const { received } of [a, b]) t.same(received, [2])
  t.same(asked, [{ conversationId: club, userIds: [alice, bob] }], 'asked once')

  await answer({ membersSeq: 3, members: [alice] })
  t.same(a.received, [2, 4, 'typing as of 3', 5])
  t.same(b.received, [2])
  room.receive([left(3, bob)])
  t.same(a.received.at(-1), 3, 'late, but sent while Alice was a member')
  t.same(b.received, [2], 'a user gets the frame of their own leaving on their own topic')
})

t.test('a change of members that skips a seq waits for the api', async t => {
  const { room, enter, answer } = openRoom(1)
  const [a, b] = [enter(alice), enter(bob)]
  room.receive([joined(5, carol)])
  t.same(a.received, [])
  await answer({ membersSeq: 5, members: [alice] })
  t.same(a.received, ['resync', 5], 'Alice may have been a member at seq 2 to 4, which the room never got')
  t.same(b.received, [])
})

t.test('a user who left and came back gets no frames from their absence', async t => {
  const { room, enter, answer } = openRoom(1)
  const [a, b] = [enter(alice), enter(bob)]
  room.receive([frame(4, 3), typing(3), frame(7, 6)])
  await answer({ membersSeq: 6, members: [alice, bob] })
  for (const { received } of [a, b]) t.same(received, ['resync', 7])
  room.receive([frame(5, 3), typing(3)])
  for (const { received } of [a, b]) t.same(received, ['resync', 7], 'nor late frames from their absence')
})

t.test('confirmed sockets resync when a frame older than the confirmed change arrives', async t => {
  const { room, enter, answer } = openRoom(1)
  const [a, b] = [enter(alice), enter(bob)]
  room.receive([frame(2, 1), frame(5, 1)]) // 3 and 4 did not come in time
  room.receive([frame(7, 6)])
  await answer({ membersSeq: 6, members: [alice] })
  t.same(a.received, [2, 5, 7], 'the room knows of no lost frame before 6')

  room.receive([frame(3, 1)])
  room.receive([joined(4, carol)])
  t.same(a.received, [2, 5, 7, 'resync'], 'once, since a resync fetches all late frames')
  t.same(b.received, [2, 5])
})

t.test('a socket does not enter when its membership is older than the last change that the room knows', t => {
  const { room, enter } = openRoom(1)
  enter(alice)
  room.receive([left(2, bob)])
  t.notOk(enter(bob, 1).entered)
  t.ok(room.hasEventsAfter(1 as Seq))
  t.notOk(room.hasEventsAfter(2 as Seq))
  t.end()
})

t.test('an old api answer does not remove a user who joined after it', async t => {
  const { room, enter, answer } = openRoom(1)
  const [, b] = [enter(alice), enter(bob)]
  room.receive([frame(3, 2)])
  room.enter(b.socket, 5 as Seq) // the user's own topic said that they are back
  await answer({ membersSeq: 2, members: [alice] })
  t.same(room.memberAsOf(b.socket), 5)
  room.receive([frame(4, 2)])
  t.same(b.received, [])
  room.receive([frame(6, 5)])
  await answer({ membersSeq: 5, members: [alice, bob] })
  t.same(b.received, [6])
})

t.test('the room asks again for a user who enters during a request', async t => {
  const { room, enter, asked, answer } = openRoom(1)
  const a = enter(alice)
  room.receive([frame(4, 3)])
  const c = enter(carol, 1)
  await answer({ membersSeq: 3, members: [alice] })
  t.same(a.received, [])
  t.same(asked.at(-1)?.userIds, [alice, carol])
  await answer({ membersSeq: 3, members: [alice] })
  t.same(a.received, ['resync', 4])
  t.same(c.received, [])
  t.equal(room.memberAsOf(c.socket), null)
})

t.test('frames wait and the room retries while the api is unavailable', async t => {
  const { room, enter, asked, answer, fail, timers } = openRoom(1)
  const a = enter(alice)
  room.receive([frame(3, 2)])
  await fail()
  room.receive([frame(4, 2)])
  t.same([a.received, asked.length], [[], 1])
  timers.advance(RETRY_MS)
  t.equal(asked.length, 2)
  await answer({ membersSeq: 2, members: [alice] })
  t.same(a.received, [3, 4])
})

t.test('an api that does not know the change of a waiting frame is asked again later', async t => {
  const { room, enter, asked, answer, timers } = openRoom(1)
  const a = enter(alice)
  room.receive([frame(3, 2)])
  await answer({ membersSeq: 1, members: [alice] })
  t.same([a.received, asked.length], [[], 1])
  timers.advance(RETRY_MS)
  await answer({ membersSeq: 2, members: [alice] })
  t.same(a.received, [3])
})

t.test('a backlog above its limit is dropped, and the remaining members resync', async t => {
  const many = Array.from({ length: BACKLOG_FRAMES + 1 }, (_, index) => frame(3 + index, 2))
  const large = (bytes: number) => ({ ...frame(3, 2), bytes: Buffer.alloc(bytes) })
  for (const [what, frames, others] of [
    ['by count', many, 0],
    ['by size', [large(BACKLOG_BYTES + 1)], 0],
    ['over all rooms', [frame(3, 2)], BACKLOG_BYTES_OF_ALL]
  ] as const) {
    const { room, enter, answer, context } = openRoom(1)
    const [a, b] = [enter(alice), enter(bob)]
    context.backlogTotal.bytes = others
    room.receive(frames)
    t.equal(context.backlogTotal.bytes, others, what)
    context.backlogTotal.bytes = 0
    room.receive([frame(2_000, 2)])
    await answer({ membersSeq: 2, members: [alice] })
    t.same(a.received, ['resync', 2_000], what)
    t.same(b.received, [], what)
  }
})

t.test('a room that all sockets leave drops its backlog', t => {
  const { room, enter, context } = openRoom(1)
  const a = enter(alice)
  room.receive([frame(3, 2)])
  t.ok(context.backlogTotal.bytes > 0)
  room.leave(a.socket)
  t.equal(context.backlogTotal.bytes, 0)
  t.ok(room.isEmpty)
  t.end()
})

t.test('after an interruption only sockets that missed something resync', async t => {
  const { room, enter, asked, answer, timers } = openRoom(1)
  const [a, b] = [enter(alice), enter(bob)]
  room.receive([frame(2, 1)])
  room.onInterruption()
  timers.advance(100)
  await answer({ membersSeq: 1, members: [alice, bob], headSeq: 2 })
  for (const { received } of [a, b]) t.same(received, [2], 'no event was missed')

  room.onInterruption()
  room.receive([frame(4, 1)])
  timers.advance(100)
  await answer({ membersSeq: 1, members: [alice, bob], headSeq: 4 })
  for (const { received } of [a, b]) t.same(received, [2, 4, 'resync'], 'seq 3 was lost, although seq 4 arrived')

  room.onInterruption()
  timers.advance(100)
  await answer({ membersSeq: 5, members: [alice], headSeq: 6 })
  t.same(
    [a.received.at(-1), b.received.length],
    ['resync', 3],
    'a user who was removed during the interruption gets nothing'
  )
  t.equal(asked.length, 3)
})

t.test('the room ignores an api answer when an interruption came during the request', async t => {
  const { room, enter, asked, answer } = openRoom(1)
  const a = enter(alice)
  room.receive([frame(3, 2)])
  room.onInterruption()
  await answer({ membersSeq: 2, members: [alice], headSeq: 3 })
  t.same([a.received, asked.length], [[], 2])
  await answer({ membersSeq: 2, members: [alice], headSeq: 5 })
  t.same(a.received, ['resync', 3])
})

t.test('the room splits many users over several requests and applies each answer to its users', async t => {
  const { room, enter, asked, answerEach } = openRoom(1)
  const userIds = Array.from({ length: limits.roomQuestion + 1 }, (_, index) => (index + 1) as UserId)
  const entered = userIds.map(userId => enter(userId))
  room.receive([frame(3, 2)])
  t.same(
    asked.map(({ userIds }) => userIds.length),
    [limits.roomQuestion, 1]
  )
  await answerEach(index => ({
    membersSeq: (index === 0 ? 2 : 4) as Seq,
    headSeq: 4 as Seq,
    memberIds: asked[index]?.userIds ?? []
  }))
  t.same(entered[0]?.received, ['resync', 3])
  t.same(entered.at(-1)?.received, ['resync'], 'this user is confirmed as a member only from a later change on')
})
