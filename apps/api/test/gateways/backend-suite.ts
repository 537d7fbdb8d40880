import { randomUUID } from 'node:crypto'
import {
  type Backend,
  type BackendCommand,
  type Claims,
  type CommandResult,
  type ConversationId,
  limits,
  type MessageId,
  type Seq
} from '@rendezvous/contract'
import type { Test } from 'tap'
import { type Person, startApi, type TestApi, type TestOptions } from '../app.ts'
import { recordingBus } from '../recording.ts'
import { executed } from './executed.ts'

/** Opens the backend of `api` as a gateway reaches it, and closes it when `t` ends. */
export type ReachBackend = (t: Test, api: TestApi) => Promise<Backend>

/** The two people of a conversation, their claims, and a message of `ann` that `bob` has not read. */
interface Couple {
  readonly ann: Person
  readonly bob: Person
  readonly a: Claims
  readonly b: Claims
  readonly conversation_id: ConversationId
  readonly id: MessageId
}

/** What every backend promises a gateway. */
export async function backendSuite(t: Test, reach: ReachBackend): Promise<void> {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const backend = await reach(t, api)
  /** The types of the events that were announced since the last call. */
  const told = async () => {
    await api.services.announcer.settle()
    return record.take().flatMap(({ frames }) => frames.map(({ type }) => type))
  }

  await t.test('commands', t => commandSuite(t, api, backend))
  await t.test('repetitions', t => repetitionSuite(t, api, backend, told))
  await t.test('versions', t => versionSuite(t, api, backend))
  await t.test('questions', t => questionSuite(t, api, backend))
  await t.test('when one of 50 commands hangs the other 49 are answered', t => slowCommand(t, reach))
}

async function commandSuite(t: Test, api: TestApi, backend: Backend): Promise<void> {
  await t.test('a refused command leaves its neighbours alone', async t => {
    const { ann, bob, a, conversation_id } = await couple(api)
    const eve = claimsOf(api, await api.join())
    t.match(
      await executed(
        backend,
        a,
        { ...send('one'), conversation_id },
        { ...send('\u200b'), to: bob.id },
        send('to nobody'),
        { type: 'mark_read', conversation_id, seq: 2 },
        { ...send('a note'), to: ann.id },
        { ...send('two'), to: bob.id }
      ),
      [
        { ok: true, result: { conversation_id, duplicate: false, seq: 3 } },
        { ok: false, code: 'invalid', fields: { content: ['This field may not be blank.'] } },
        { ok: false, code: 'invalid' },
        { ok: true, result: { conversation_id, seq: 2 } },
        { ok: true, result: { duplicate: false, seq: 2 } },
        { ok: true, result: { conversation_id, duplicate: false } }
      ]
    )
    t.match(await executed(backend, eve, { ...send('x'), conversation_id }), [{ ok: false, code: 'not_found' }])
  })

  await t.test('a command of a user who logged out is refused', async t => {
    const { ann, a, b, conversation_id } = await couple(api)
    await ann.ask('POST', '/api/v1/auth/logout/')
    t.same(await backend.alive([b, a]), [true, false])
    t.match(await executed(backend, a, { ...send('x'), conversation_id }), [{ ok: false, code: 'token_not_valid' }])
    t.match(await backend.roster([a, b]), [{ alive: false }, { alive: true }])
  })
}

async function repetitionSuite(t: Test, api: TestApi, backend: Backend, told: () => Promise<string[]>): Promise<void> {
  await t.test('a repeated send is answered with the first message', async t => {
    const { ann, bob, a, conversation_id } = await couple(api)
    const twice = { ...send('twice'), to: bob.id }
    const results = [...(await executed(backend, a, twice, twice)), ...(await executed(backend, a, twice))]
    t.same(new Set(results.map(result => result.ok && result.result.id)).size, 1)
    t.same(results.map(result => result.ok && result.result.duplicate).sort(), [false, true, true])
    t.equal((await ann.ask('GET', `/api/v1/conversations/${conversation_id}/messages/`)).body.length, 2)
  })

  await t.test('a send without an idempotency key is refused, since a repetition would store it twice', async t => {
    const { ann, a, conversation_id } = await couple(api)
    const unnamed = { type: 'send_message', content: 'x', conversation_id }
    for (let n = 0; n < 2; n += 1) t.match(await executed(backend, a, unnamed), [{ ok: false, code: 'invalid' }])
    t.equal((await ann.ask('GET', `/api/v1/conversations/${conversation_id}/messages/`)).body.length, 1)
  })

  await t.test('a repeated command takes no seq and tells nobody', async t => {
    const { ann, bob, a, b, conversation_id, id } = await couple(api)
    const seqOf = async () => (await ann.ask('GET', `/api/v1/conversations/${conversation_id}/`)).body
    const message = { conversation_id, id }
    const watermark = { conversation_id, seq: 2 as Seq }
    const reaction = { ...message, emoji: '👍' }
    const each: { readonly [Type in BackendCommand['type']]: [Claims, object] } = {
      send_message: [a, { content: 'again', to: bob.id, client_id: randomUUID() }],
      edit_message: [a, { ...message, content: 'edited' }],
      add_reaction: [b, reaction],
      remove_reaction: [b, reaction],
      mark_delivered: [b, watermark],
      mark_read: [b, watermark],
      message_read: [b, { id }],
      read_ack: [b, { id }],
      typing: [b, { to: ann.id, is_typing: true }],
      sync: [b, { since: null }],
      delete_message: [a, message]
    }
    for (const [type, [claims, fields]] of Object.entries(each)) {
      const command = { type, ...fields }
      const [first] = await executed(backend, claims, command)
      t.ok(first?.ok, type)
      const { last_seq } = { ...(await seqOf()) } as { last_seq?: number }
      await told()

      const [second] = await executed(backend, claims, command)
      if (type === 'delete_message') t.match(second, { ok: false, code: 'not_found' })
      else t.ok(second?.ok, `${type} again`)
      t.same(await told(), type === 'typing' ? ['typing'] : [], `${type} tells nobody again`)
      t.match(await seqOf(), { last_seq }, `${type} takes no seq again`)
    }
  })
}

async function versionSuite(t: Test, api: TestApi, backend: Backend): Promise<void> {
  await t.test('an unknown command is answered with unknown_command, and its neighbours are carried out', async t => {
    const { a, conversation_id } = await couple(api)
    const read = { type: 'mark_read', conversation_id, seq: 2 }
    t.match(await executed(backend, a, read, { type: 'dance' }, { type: 'toString' }, read), [
      { ok: true },
      { ok: false, code: 'unknown_command' },
      { ok: false, code: 'unknown_command' },
      { ok: true }
    ])
  })

  await t.test('a command with an unknown field is refused, since the field may change what it means', async t => {
    const { a, conversation_id } = await couple(api)
    const read = { type: 'mark_read', conversation_id, seq: 2 }
    t.match(await executed(backend, a, { ...read, quietly: true }, { ...read, seq: 'two' }, read), [
      { ok: false, code: 'invalid' },
      { ok: false, code: 'invalid' },
      { ok: true }
    ])
  })

  await t.test('an unknown field elsewhere is ignored', async t => {
    const { a, bob, conversation_id } = await couple(api)
    t.same(await backend.alive([{ ...a, colour: 'blue' } as Claims]), [true])
    const report = { userIds: [bob.id], conversationId: conversation_id, seq: 2 as Seq, device: 'phone' }
    await t.resolves(backend.delivered([report]))
  })
}

async function questionSuite(t: Test, api: TestApi, backend: Backend): Promise<void> {
  await t.test('every entry is answered under its place', async t => {
    const { ann, bob, a, b, conversation_id } = await couple(api)
    const eve = await api.join()
    const e = claimsOf(api, eve)
    t.match(await backend.roster([e, a, b]), [
      { alive: true, rooms: { length: 0 }, contacts: { length: 0 }, head: 1 },
      { alive: true, contacts: [bob.id] },
      { alive: true, contacts: [ann.id] }
    ])
    const asked = [eve, ann, bob].map(({ id: userId }) => ({ userId, deafMs: 0 }))
    const talk = [{ conversationId: conversation_id, headSeq: 2, receipts: false }]
    t.same(await backend.missed(asked), [[], talk, talk])
  })

  await t.test('a room question names the asked users who are members, and nobody for an absent room', async t => {
    const { ann, bob } = await couple(api)
    const eve = await api.join()
    const { body } = await ann.ask('POST', '/api/v1/conversations/', { participants: [bob.id], is_group: true })
    const userIds = [eve.id, bob.id, ann.id]
    const [room, none] = await backend.rooms([
      { conversationId: body.id as ConversationId, userIds },
      { conversationId: 1 as ConversationId, userIds }
    ])
    t.same([...(room?.memberIds ?? [])].sort(), [ann.id, bob.id].sort())
    t.same(none, { membersSeq: 0, headSeq: 0, memberIds: [] })
  })
}

async function slowCommand(t: Test, reach: ReachBackend): Promise<void> {
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const hanging: TestOptions = {
    ports: ({ messageChanges }) => ({
      messageChanges: {
        ...messageChanges,
        async edit(...change) {
          await released
          return messageChanges.edit(...change)
        }
      }
    })
  }
  const api = await startApi(t, hanging)
  const backend = await reach(t, api)
  const { a, conversation_id, id } = await couple(api)
  const quick = { type: 'mark_delivered', conversation_id, seq: 1 as Seq } as const
  const slow = { type: 'edit_message', conversation_id, id, content: 'late' } as const
  const commands = Array.from({ length: limits.backendBatch }, (_, n) => (n === 7 ? slow : quick))

  const results = new Map<number, CommandResult>()
  let done = Promise.resolve()
  await new Promise<void>(resolve => {
    done = backend.execute(
      commands.map(command => ({ claims: a, command })),
      (index, result) => {
        results.set(index, result)
        if (results.size === commands.length - 1) resolve()
      }
    )
  })
  t.notOk(results.has(7))
  t.ok([...results.values()].every(({ ok }) => ok))

  release()
  await done
  t.match(results.get(7), { ok: true, result: { id } })
}

async function couple(api: TestApi): Promise<Couple> {
  const [ann, bob] = [await api.join(), await api.join()]
  const { body } = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
  await api.services.announcer.settle()
  return {
    ...{ ann, bob, a: claimsOf(api, ann), b: claimsOf(api, bob) },
    ...{ conversation_id: body.conversation as ConversationId, id: body.id as MessageId }
  }
}

/** The claims of the person's access token. */
export function claimsOf(api: TestApi, { access }: Pick<Person, 'access'>): Claims {
  const verified = api.tokens.verifyAccess(access)
  if (!verified.ok) throw new Error(verified.reason)
  return verified.claims
}

/** A new `send_message` command without its target. */
function send(content: string) {
  return { type: 'send_message', content, client_id: randomUUID() }
}
