import { limits, type Seq, type UserId } from '@rendezvous/contract'
import t from 'tap'
import { BACKLOG_BYTES, BACKLOG_BYTES_OF_ALL, BACKLOG_FRAMES } from '../src/backlog.ts'
import { RETRY_MS } from '../src/room.ts'
import { alice, bob, carol, club } from './gateway.ts'
import { frame, joined, left, openRoom, typing } from './one-room.ts'

t.test('what its members are known for goes out at once', t => {
  const { room, seat, asked } = openRoom(1)
  const [a, b] = [seat(alice), seat(bob)]
  room.receive([frame(2, 1), frame(3, 1)])
  room.receive([typing(1)])
  for (const { got } of [a, b]) t.same(got, [2, 3, 'typing as of 1'])
  t.same(asked, [])
  t.end()
})

t.test('who leaves hears of it and of nothing after it, though it comes in one go', t => {
  const { room, seat, asked } = openRoom(1)
  const [a, b] = [seat(alice), seat(bob)]
  room.receive([frame(2, 1), left(3, bob), frame(4, 3), typing(3)])
  t.same(a.got, [2, 3, 4, 'typing as of 3'])
  t.same(b.got, [2, 3])
  t.same(asked, [], 'a change of members that follows directly needs no question')
  t.end()
})

t.test('nothing goes out that knows of an unknown change of members, until the api says who belongs', async t => {
  const { room, seat, asked, answer } = openRoom(1)
  const [a, b] = [seat(alice), seat(bob)]
  room.receive([frame(2, 1), frame(4, 3)])
  room.receive([typing(3), frame(5, 3)])
  for (const { got } of [a, b]) t.same(got, [2])
  t.same(asked, [{ conversationId: club, userIds: [alice, bob] }], 'asked once')

  await answer(3, [alice])
  t.same(a.got, [2, 4, 'typing as of 3', 5])
  t.same(b.got, [2])
  room.receive([left(3, bob)])
  t.same(a.got.at(-1), 3, 'late, but his')
  t.same(b.got, [2], 'what he hears of his leaving comes on his own topic')
})

t.test('a change of members that does not follow directly waits as well', async t => {
  const { room, seat, answer } = openRoom(1)
  const [a, b] = [seat(alice), seat(bob)]
  room.receive([joined(5, carol)])
  t.same(a.got, [])
  await answer(5, [alice])
  t.same(a.got, ['resync', 5], 'something before it may have been his, and cannot be told any more')
  t.same(b.got, [])
})

t.test('who was away meanwhile hears nothing of that time, also when he is back', async t => {
  const { room, seat, answer } = openRoom(1)
  const [a, b] = [seat(alice), seat(bob)]
  room.receive([frame(4, 3), typing(3), frame(7, 6)])
  await answer(6, [alice, bob])
  for (const { got } of [a, b]) t.same(got, ['resync', 7])
  room.receive([frame(5, 3), typing(3)])
  for (const { got } of [a, b]) t.same(got, ['resync', 7], 'nor what comes late')
})

t.test(
  'of what comes after its turn, from before a change that the api told of, those who are here are told to resync',
  async t => {
    const { room, seat, answer } = openRoom(1)
    const [a, b] = [seat(alice), seat(bob)]
    room.receive([frame(2, 1), frame(5, 1)]) // 3 and 4 were waited for in vain
    room.receive([frame(7, 6)])
    await answer(6, [alice])
    t.same(a.got, [2, 5, 7], 'what lies before 6 went out, as far as is known')

    room.receive([frame(3, 1)])
    room.receive([joined(4, carol)])
    t.same(a.got, [2, 5, 7, 'resync'], 'once: what they fetch has it all')
    t.same(b.got, [2, 5])
  }
)

t.test('who belongs as of an earlier change than the room knows is not let in', t => {
  const { room, seat } = openRoom(1)
  seat(alice)
  room.receive([left(2, bob)])
  t.notOk(seat(bob, 1).entered)
  t.ok(room.isPast(1 as Seq))
  t.notOk(room.isPast(2 as Seq))
  t.end()
})

t.test('an answer older than what is known of somebody does not put him out', async t => {
  const { room, seat, answer } = openRoom(1)
  const [, b] = [seat(alice), seat(bob)]
  room.receive([frame(3, 2)])
  room.enter(b.guest, 5 as Seq) // his own topic brought that he is back
  await answer(2, [alice])
  t.same(room.since(b.guest), 5)
  room.receive([frame(4, 2)])
  t.same(b.got, [])
  room.receive([frame(6, 5)])
  await answer(5, [alice, bob])
  t.same(b.got, [6])
})

t.test('who comes while the api is asked is asked about as well', async t => {
  const { room, seat, asked, answer } = openRoom(1)
  const a = seat(alice)
  room.receive([frame(4, 3)])
  const c = seat(carol, 1)
  await answer(3, [alice])
  t.same(a.got, [])
  t.same(asked.at(-1)?.userIds, [alice, carol])
  await answer(3, [alice])
  t.same(a.got, ['resync', 4])
  t.same(c.got, [])
  t.equal(room.since(c.guest), null)
})

t.test('while the api cannot be reached nothing goes out, and it is asked again', async t => {
  const { room, seat, asked, answer, fail, timers } = openRoom(1)
  const a = seat(alice)
  room.receive([frame(3, 2)])
  await fail()
  room.receive([frame(4, 2)])
  t.same([a.got, asked.length], [[], 1])
  timers.advance(RETRY_MS)
  t.equal(asked.length, 2)
  await answer(2, [alice])
  t.same(a.got, [3, 4])
})

t.test('an api that knows less than the room heard of is asked again later', async t => {
  const { room, seat, asked, answer, timers } = openRoom(1)
  const a = seat(alice)
  room.receive([frame(3, 2)])
  await answer(1, [alice])
  t.same([a.got, asked.length], [[], 1])
  timers.advance(RETRY_MS)
  await answer(2, [alice])
  t.same(a.got, [3])
})

t.test('what waits is bounded: above it is dropped, and those who stay are told', async t => {
  const many = Array.from({ length: BACKLOG_FRAMES + 1 }, (_, index) => frame(3 + index, 2))
  const large = (bytes: number) => ({ ...frame(3, 2), bytes: Buffer.alloc(bytes) })
  for (const [what, frames, others] of [
    ['by count', many, 0],
    ['by size', [large(BACKLOG_BYTES + 1)], 0],
    ['over all rooms', [frame(3, 2)], BACKLOG_BYTES_OF_ALL]
  ] as const) {
    const { room, seat, answer, house } = openRoom(1)
    const [a, b] = [seat(alice), seat(bob)]
    house.waiting.bytes = others
    room.receive(frames)
    t.equal(house.waiting.bytes, others, what)
    house.waiting.bytes = 0
    room.receive([frame(2_000, 2)])
    await answer(2, [alice])
    t.same(a.got, ['resync', 2_000], what)
    t.same(b.got, [], what)
  }
})

t.test('a room that everybody leaves lets go of what waits', t => {
  const { room, seat, house } = openRoom(1)
  const a = seat(alice)
  room.receive([frame(3, 2)])
  t.ok(house.waiting.bytes > 0)
  room.leave(a.guest)
  t.equal(house.waiting.bytes, 0)
  t.ok(room.isEmpty)
  t.end()
})

t.test('after an interruption those are told that missed something', async t => {
  const { room, seat, asked, answer, timers } = openRoom(1)
  const [a, b] = [seat(alice), seat(bob)]
  room.receive([frame(2, 1)])
  room.interrupted()
  timers.advance(100)
  await answer(1, [alice, bob], 2)
  for (const { got } of [a, b]) t.same(got, [2], 'nobody missed anything')

  room.interrupted()
  room.receive([frame(4, 1)])
  timers.advance(100)
  await answer(1, [alice, bob], 4)
  for (const { got } of [a, b]) t.same(got, [2, 4, 'resync'], 'though more has come since')

  room.interrupted()
  timers.advance(100)
  await answer(5, [alice], 6)
  t.same([a.got.at(-1), b.got.length], ['resync', 3], 'who was taken out meanwhile is told nothing')
  t.equal(asked.length, 3)
})

t.test('an answer that was asked for before an interruption does not count', async t => {
  const { room, seat, asked, answer } = openRoom(1)
  const a = seat(alice)
  room.receive([frame(3, 2)])
  room.interrupted()
  await answer(2, [alice], 3)
  t.same([a.got, asked.length], [[], 2])
  await answer(2, [alice], 5)
  t.same(a.got, ['resync', 3])
})

t.test('more people than one question holds are asked about in several, and judged by their own answer', async t => {
  const { room, seat, asked, answerEach } = openRoom(1)
  const everybody = Array.from({ length: limits.roomQuestion + 1 }, (_, index) => (index + 1) as UserId)
  const seats = everybody.map(userId => seat(userId))
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
  t.same(seats[0]?.got, ['resync', 3])
  t.same(seats.at(-1)?.got, ['resync'], 'he is known to belong as of a later change only')
})
