import fc from 'fast-check'
import type { SyncUser } from './node.ts'

/** The users of a run: the owner of the watched client, their peer in the direct conversation, two more group
 *  members. */
const userNames = ['ann', 'bob', 'carl', 'dora'] as const
type UserName = (typeof userNames)[number]
/** The users of one run, by name. */
export type Users = Readonly<Record<UserName, SyncUser>>

const commands = [
  ...['send', 'send', 'send', 'reply', 'edit', 'delete', 'react', 'react', 'unreact', 'pin', 'unpin'],
  ...[
    'join',
    'leave',
    'remove',
    'role',
    'hand over',
    'rename',
    'read',
    'read',
    'read privately',
    'reopen',
    'create',
    'come back'
  ]
] as const
const network = ['disconnect', 'reconnect', 'flush', 'wait', 'timers', 'close', 'open'] as const

/** One step. `place` selects its conversation, message and user. */
export type Step =
  | {
      readonly kind: 'command'
      readonly what: (typeof commands)[number]
      readonly by: UserName
      readonly place: number
    }
  | { readonly kind: 'network'; readonly what: (typeof network)[number]; readonly place: number }

const place = fc.nat({ max: 5_039 })

/** Steps of a run: mostly commands, some events of the connection and the client. */
export const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      what: fc.constantFrom(...commands),
      by: fc.constantFrom(...userNames),
      place
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('network' as const), what: fc.constantFrom(...network), place })
  }
)

/** The users, the conversations and the sent messages of a run. */
export interface Setting {
  readonly users: Users
  readonly group: number
  readonly direct: number
  readonly messages: Map<number, number[]>
}

/** Runs a command. A refused command changes nothing. */
export async function carryOut(setting: Setting, step: Extract<Step, { kind: 'command' }>): Promise<void> {
  const { users, group, direct, messages } = setting
  const { what, by, place } = step
  const actor = users[by]
  const conversation = place % 3 === 0 && (by === 'ann' || by === 'bob') ? direct : group
  const path = `/api/v1/conversations/${conversation}/`
  const known = messages.get(conversation) ?? []
  const messageId = known[place % Math.max(known.length, 1)] ?? 1
  const message = `${path}messages/${messageId}/`
  const person = users[userNames[place % userNames.length] ?? 'carl'].id
  const seq = 1 + (place % (2 + 2 * known.length))

  const send = async (extra: object) => {
    const content = `text ${place}`
    const sent = await actor.http
      .request<{ id: number }>('POST', `${path}messages/`, { content, ...extra })
      .catch(() => null)
    if (sent !== null) messages.set(conversation, [...known, sent.id])
  }
  const acts: Readonly<Record<(typeof commands)[number], () => Promise<unknown>>> = {
    send: () => send({}),
    reply: () => send({ reply_to: messageId }),
    edit: () => actor.attempt('PATCH', message, { content: `edited ${place}` }),
    delete: () => actor.attempt('DELETE', message),
    react: () => actor.attempt('PUT', `${message}reactions/${emoji(place)}/`),
    unreact: () => actor.attempt('DELETE', `${message}reactions/${emoji(place)}/`),
    pin: () => actor.attempt('PUT', `${message}pin/`),
    unpin: () => actor.attempt('DELETE', `${message}pin/`),
    join: () => actor.attempt('POST', `${path}members/`, { user_ids: [person] }),
    leave: () => actor.attempt('POST', `${path}leave/`),
    remove: () => actor.attempt('DELETE', `${path}members/${person}/`),
    role: () => actor.attempt('PATCH', `${path}members/${person}/`, { role: place % 2 === 0 ? 'admin' : 'member' }),
    'hand over': () => actor.attempt('PATCH', `${path}members/${person}/`, { role: 'owner' }),
    rename: () => actor.attempt('PATCH', path, { title: `title ${place % 7}` }),
    read: () => actor.attempt('POST', `${path}read/`, { seq }),
    'read privately': () => actor.attempt('POST', `${path}read/`, { seq, private: true }),
    create: () => users.bob.attempt('POST', '/api/v1/conversations/', { participants: [person, users.ann.id] }),
    'come back': async () => {
      await users.ann.attempt('POST', `/api/v1/conversations/${group}/leave/`)
      for (const other of [users.bob, users.carl, users.dora])
        await other.attempt('POST', `/api/v1/conversations/${group}/members/`, { user_ids: [users.ann.id] })
    },
    reopen: () => users.ann.attempt('POST', '/api/v1/conversations/', { participants: [users.bob.id] })
  }
  await acts[what]()
}

function emoji(place: number): string {
  return encodeURIComponent(['👍', '🎉', ':ok:'][place % 3] ?? '👍')
}
