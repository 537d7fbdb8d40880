import t from 'tap'
import {
  BACKEND_VERSION,
  type Backend,
  BackendError,
  backendOver,
  type Carry,
  type Claims,
  type CommandResult,
  type ConversationId,
  carryTo,
  type IssuedCommand,
  inProcess,
  limits,
  type Roster,
  type Seq,
  type UserId
} from '../src/index.ts'

const claims: Claims = { userId: 7 as UserId, sessionId: 'session', tokenId: 'token', expiresAt: 1 }
const talk = (2 ** 52) as ConversationId
const issued: IssuedCommand = { claims, command: { type: 'mark_read', conversation_id: talk, seq: 3 as Seq } }
const done: CommandResult = { ok: true, result: {} }

/** A backend that answers nothing but what a test has it answer. */
function backendWith(methods: Partial<Backend>): Backend {
  const absent = () => Promise.reject(new Error('not expected'))
  return {
    ...{ alive: absent, roster: absent, rooms: absent, missed: absent, execute: absent },
    ...{ delivered: absent, deliverWaiting: absent, presenceChanged: absent, seen: absent },
    ...methods
  }
}

/** An api that answers every call with these lines, as a node of another version may. */
const answering =
  (...lines: readonly unknown[]): Carry =>
  async (_method, _request, onLine) => {
    for (const line of lines) onLine(typeof line === 'string' ? line : JSON.stringify(line))
  }

/** Executes `count` commands. What `carry` rejects with is among the answers. */
async function executed(carry: Carry, count: number): Promise<(CommandResult | string)[]> {
  const answers: (CommandResult | string)[] = []
  const commands = Array.from({ length: count }, () => issued)
  await backendOver(carry)
    .execute(commands, (index, result) => {
      answers[index] = result
    })
    .catch(error => answers.push(error.code))
  return answers
}

t.test('calls and answers come over as they were', async t => {
  const roster: Roster = {
    alive: true,
    rooms: [{ conversationId: talk, membersSeq: 1 as Seq, headSeq: 2 as Seq }],
    contacts: [8 as UserId],
    head: 4
  }
  const told: unknown[] = []
  const backend = inProcess(
    backendWith({
      alive: async asked => asked.map(({ userId }) => userId === claims.userId),
      roster: async () => [roster],
      rooms: async questions => questions.map(({ userIds }) => ({ ...noRoom, memberIds: userIds })),
      missed: async () => [null, [{ conversationId: talk, headSeq: 1 as Seq, receipts: true }]],
      delivered: async reports => void told.push(...reports),
      deliverWaiting: async userIds => void told.push(...userIds),
      presenceChanged: async changes => void told.push(...changes),
      seen: async reports => void told.push(...reports)
    })
  )
  const noRoom = { membersSeq: 0 as Seq, headSeq: 0 as Seq }
  const missing = { userId: claims.userId, deafMs: 1.5 }
  t.same(await backend.alive([claims, { ...claims, userId: 9 as UserId }]), [true, false])
  t.same(await backend.alive([]), [])
  t.same(await backend.roster([claims]), [roster])
  t.same(await backend.rooms([{ conversationId: talk, userIds: [claims.userId] }]), [
    { ...noRoom, memberIds: [claims.userId] }
  ])
  t.match(await backend.missed([missing, missing]), [null, [{ conversationId: talk }]])

  const report = { userIds: [claims.userId], conversationId: talk, seq: 3 as Seq }
  const change = { userId: claims.userId, online: true, at: 5 }
  await backend.delivered([report])
  await backend.deliverWaiting([claims.userId])
  const seen = { userIds: [claims.userId], at: 6 }
  await backend.presenceChanged([change])
  await backend.seen([seen])
  t.same(told, [report, claims.userId, change, seen])
})

t.test('each result comes as soon as it is there', async t => {
  let answerLast = () => {}
  const last = new Promise<void>(resolve => {
    answerLast = resolve
  })
  const backend = inProcess(
    backendWith({
      async execute(commands, answer) {
        t.same(commands, [issued, issued])
        answer(1, { ok: false, code: 'throttled', detail: 'Later.', retryAfter: 1.5 })
        await last
        answer(0, done)
      }
    })
  )
  const results: [number, CommandResult][] = []
  const call = backend.execute([issued, issued], (index, result) => {
    results.push([index, result])
    answerLast()
  })
  await call
  t.same(results, [
    [1, { ok: false, code: 'throttled', detail: 'Later.', retryAfter: 1.5 }],
    [0, done]
  ])
})

t.test('the api refuses', async t => {
  const carry = carryTo(backendWith({ alive: async asked => asked.map(() => true) }))
  const code = async (method: string, request: unknown) =>
    carry(method, typeof request === 'string' ? request : JSON.stringify(request), () => {}).catch(error => error.code)
  const v = BACKEND_VERSION

  t.equal(await code('alive', { v, entries: [claims] }), undefined, 'but not what is right')
  t.equal(await code('dance', { v, entries: [] }), 'unsupported', 'a method that it does not know')
  t.equal(await code('toString', { v, entries: [] }), 'unsupported', 'an inherited one')
  t.equal(await code('alive', { v: v + 1, entries: [claims] }), 'unsupported', 'another version')
  t.equal(await code('alive', { entries: [claims] }), 'malformed', 'no version')
  t.equal(await code('alive', 'null'), 'malformed', 'what is no object')
  t.equal(await code('alive', '{"v":1,'), 'malformed', 'what is no JSON')
  t.equal(await code('alive', { v, entries: [{ ...claims, userId: 0 }] }), 'malformed', 'a bad id')
  t.equal(await code('alive', { v, entries: [{ ...claims, tokenId: 'x'.repeat(129) }] }), 'malformed', 'a long text')
  const many = Array.from({ length: limits.backendBatch + 1 }, () => claims)
  t.equal(await code('alive', { v, entries: many }), 'malformed', 'too many entries')
  t.equal(await code('execute', { v, entries: [{ claims, command: {} }] }), 'malformed', 'a command without a type')
})

t.test('what the api rejects with is unavailable, with its cause', async t => {
  const cause = new Error('no database')
  const backend = inProcess(backendWith({ roster: () => Promise.reject(cause) }))
  const error = await backend.roster([claims]).catch(thrown => thrown)
  t.ok(error instanceof BackendError)
  t.match(error, { code: 'unavailable', cause })
})

t.test('an unknown field of an answer is accepted', async t => {
  const roster = { alive: true, rooms: [], contacts: [], head: 0, plan: 'gold' }
  t.match(await backendOver(answering([roster])).roster([claims]), [{ alive: true, head: 0 }])
  t.match(await executed(answering({ index: 0, took: 3, result: { ...done, trace: 'x' } }), 1), [{ ok: true }])
})

t.test('an unknown error code is read as internal, with its text', async t => {
  const result = { ok: false, code: 'banned', detail: 'You are banned.' }
  t.same(await executed(answering({ index: 0, result }), 1), [{ ...result, code: 'internal' }])
})

t.test('the answer to a sync is passed on, whatever a newer api says in it', async t => {
  const sync = { next: 'n', conversations: [{ type: 'of tomorrow' }] }
  t.match(await executed(answering({ index: 0, result: { ok: true, result: { sync } } }), 1), [{ result: { sync } }])
})

t.test('an answer that does not fit is refused', async t => {
  const refused = (...lines: unknown[]) => t.rejects(backendOver(answering(...lines)).alive([claims]), malformed)
  const malformed = { code: 'malformed' }
  await refused()
  await refused('nonsense')
  await refused([])
  await refused([true, false])
  await refused(['yes'])
})

t.test('a bad line leaves its neighbours alone: only its own command stays without an answer', async t => {
  const lines = [
    'nonsense',
    { index: 0, result: done },
    { index: 1, result: { ok: true } },
    { index: 9, result: done },
    { index: 2, result: done },
    { index: 2, result: { ok: false, code: 'internal', detail: 'twice' } }
  ]
  const answers = await executed(answering(...lines), 3)
  t.same([answers[0], answers[1], answers[2], answers[3]], [done, undefined, done, 'malformed'])
})

t.test('a call that breaks off rejects, after what was answered', async t => {
  const broken: Carry = async (_method, _request, onLine) => {
    onLine(JSON.stringify({ index: 1, result: done }))
    throw new BackendError('the connection is gone', { code: 'unavailable' })
  }
  const answers = await executed(broken, 2)
  t.same([answers[0], answers[1], answers[2]], [undefined, done, 'unavailable'])
})
