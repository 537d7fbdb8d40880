import fc from 'fast-check'
import type { Someone } from './node.ts'

/** Who does something: the one whose client is watched, the other of his direct conversation, two more of the group. */
const actors = ['ann', 'bob', 'carl', 'dora'] as const
type Actor = (typeof actors)[number]
/** The people of one run. */
export type Cast = Readonly<Record<Actor, Someone>>

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
const network = ['lose', 'regain', 'flush', 'wait', 'timers', 'close', 'open'] as const

/** What happens in one step. `place` chooses the conversation, the message and the person that it is about. */
export type Step =
  | { readonly kind: 'command'; readonly what: (typeof commands)[number]; readonly by: Actor; readonly place: number }
  | { readonly kind: 'network'; readonly what: (typeof network)[number]; readonly place: number }

const place = fc.nat({ max: 5_039 })

/** Mostly commands, and what happens to the connection and in the client. */
export const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      what: fc.constantFrom(...commands),
      by: fc.constantFrom(...actors),
      place
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('network' as const), what: fc.constantFrom(...network), place })
  }
)

/** The conversations of a run, and messages that were sent in them. */
export interface Ground {
  readonly cast: Cast
  readonly group: number
  readonly direct: number
  readonly messages: Map<number, number[]>
}

/** Carries out a command. One that is refused, because who commands may not, is none. */
export async function carryOut(ground: Ground, step: Extract<Step, { kind: 'command' }>): Promise<void> {
  const { cast, group, direct, messages } = ground
  const { what, by, place } = step
  const actor = cast[by]
  const conversation = place % 3 === 0 && (by === 'ann' || by === 'bob') ? direct : group
  const path = `/api/v1/conversations/${conversation}/`
  const known = messages.get(conversation) ?? []
  const messageId = known[place % Math.max(known.length, 1)] ?? 1
  const message = `${path}messages/${messageId}/`
  const person = cast[actors[place % actors.length] ?? 'carl'].id
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
    create: () => cast.bob.attempt('POST', '/api/v1/conversations/', { participants: [person, cast.ann.id] }),
    'come back': async () => {
      await cast.ann.attempt('POST', `/api/v1/conversations/${group}/leave/`)
      for (const other of [cast.bob, cast.carl, cast.dora])
        await other.attempt('POST', `/api/v1/conversations/${group}/members/`, { user_ids: [cast.ann.id] })
    },
    reopen: () => cast.ann.attempt('POST', '/api/v1/conversations/', { participants: [cast.bob.id] })
  }
  await acts[what]()
}

function emoji(place: number): string {
  return encodeURIComponent(['👍', '🎉', ':ok:'][place % 3] ?? '👍')
}
