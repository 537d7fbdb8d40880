import { type Http, http } from '@rendezvous/client'
import fc from 'fast-check'
import { witnessedFetch } from '../contract/witness.ts'

/** Password of everybody here. */
const PASSWORD = 'a password for tests'

/** Somebody who sends what the fuzz makes. */
export interface Actor {
  readonly id: number
  readonly name: string
  readonly access: string
  readonly refresh: string
}

/** Actors who talk with one another, and what there is to ask about, by the name of a field or of a path's parameter. */
export interface Cast {
  /** Their sessions last. */
  readonly actors: readonly Actor[]
  /** They do what ends sessions, their own among them. */
  readonly mortals: readonly Actor[]
  /** They change their passwords, which ends their sessions. */
  readonly changers: readonly Actor[]
  /** He ends sessions of his own, of which he has many besides the one he asks by: those that `known('sessionId')` has. */
  readonly keeper: Actor
  known(name: string): readonly unknown[]
  /** Conversations that people leave, and in which messages are deleted; the others go on. */
  readonly doomed: readonly unknown[]
  /** Messages of a conversation. */
  messagesOf(conversation: unknown): readonly unknown[]
}

const ACTORS = 6
const MORTALS = 24
/** So many passwords can be changed, once each. */
const CHANGERS = 24
const DOOMED = 30
/** Sessions of one person to be ended one by one. */
const SESSIONS = 40

/** Makes accounts, conversations and messages at `url`. */
export async function castAt(url: string): Promise<Cast> {
  const actors = await Promise.all(names('fuzz', ACTORS).map(name => join(url, name)))
  const mortals = await Promise.all(names('mortal', MORTALS).map(name => join(url, name)))
  const changers = await Promise.all(names('changer', CHANGERS).map(name => join(url, name)))
  const keeper = await join(url, 'keeper')
  const sessions = await sessionsOf(url, keeper)
  const talk = await talkOf(actors, url)
  const users = actors.map(({ id }) => id)
  const byName: Readonly<Record<string, readonly unknown[]>> = {
    ...{ participants: users, user_ids: users, userId: users, user_id: users, receiver: users, to: users, with: users },
    ...{ mentions: users, conversation_id: talk.conversations, conversation: talk.conversations },
    ...{ id: talk.messages, messageId: talk.messages, message_id: talk.messages, reply_to: talk.messages },
    ...{ before: talk.messages, after: [...talk.messages, ...talk.seqs], seq: talk.seqs },
    ...{ cursor: talk.cursors, page: ['1'], q: ['one', 'two or three', '"@everybody" -one'] },
    ...{ refresh: mortals.map(({ refresh }) => refresh), token: [...mortals, ...actors].map(({ access }) => access) },
    ...{ password: [PASSWORD], password_confirm: [PASSWORD], old_password: [PASSWORD] },
    ...{ new_password: [`${PASSWORD}, too`], new_password_confirm: [`${PASSWORD}, too`] },
    ...{ username: [...actors.map(({ name }) => name), ...names('fresh', ACTORS * 2)] },
    ...{ email: ['', ...names('fresh', ACTORS * 2).map(name => `${name}@example.org`)] },
    ...{ stream: talk.conversations.map(id => `conversation:${id}`), emoji: ['👍', ':party:'] },
    ...{ sessionId: sessions }
  }
  return {
    actors,
    mortals,
    changers,
    keeper,
    doomed: talk.doomed,
    messagesOf: conversation => talk.within.get(conversation) ?? [],
    known(name) {
      if (name.endsWith('users/{id}')) return users
      if (name.endsWith('conversations/{id}')) return talk.conversations
      return byName[name] ?? []
    }
  }
}

/** `parts` whose message, under the name `message`, is most often one of the conversation that stands under `conversation`. */
export function inConversation<Parts extends object>(
  parts: Parts,
  cast: Cast,
  { conversation, message }: { readonly conversation: string; readonly message: string }
): fc.Arbitrary<Parts> {
  const messages = cast.messagesOf((parts as Record<string, unknown>)[conversation])
  if (!(message in parts) || messages.length === 0) return fc.constant(parts)
  const inside = fc.constantFrom(...messages).map(id => ({ ...parts, [message]: id }))
  return fc.oneof({ weight: 4, arbitrary: inside }, { weight: 1, arbitrary: fc.constant(parts) })
}

/** What there is to ask about. */
interface Talk {
  readonly conversations: number[]
  readonly doomed: number[]
  readonly messages: number[]
  readonly within: Map<unknown, number[]>
  readonly seqs: number[]
  readonly cursors: string[]
}

/** Conversations of two and of all, messages in each, and where the lists of them go on. */
async function talkOf(actors: readonly Actor[], url: string): Promise<Talk> {
  const talk: Talk = { conversations: [], doomed: [], messages: [], within: new Map(), seqs: [], cursors: [] }
  const users = actors.map(({ id }) => id)
  const groupOf = async (client: Http, owner: number, title: string) => {
    const participants = users.filter(id => id !== owner)
    const body = { participants, is_group: true, title }
    return (await client.request<{ id: number }>('POST', '/api/v1/conversations/', body)).id
  }
  const say = async (client: Http, id: number) => {
    for (const text of ['one', 'two @everybody', 'three']) {
      const sent = await client.send(id, text)
      talk.messages.push(sent.id)
      talk.seqs.push(sent.seq)
      talk.within.set(id, [...(talk.within.get(id) ?? []), sent.id])
    }
  }

  for (const [n, actor] of actors.entries()) {
    const client = http(url, asActor(actor))
    const direct = await client.openConversation(users[(n + 1) % users.length] ?? 0)
    talk.conversations.push(direct.id, await groupOf(client, actor.id, `group ${n}`))
    for (const title of names(`doomed ${n}`, DOOMED / actors.length))
      talk.doomed.push(await groupOf(client, actor.id, title))
    for (const id of talk.conversations.slice(-2)) await say(client, id)
    for (const id of talk.doomed.slice(-DOOMED / actors.length)) await say(client, id)
    talk.cursors.push(...(await cursorsOf(client, talk.conversations.at(-1) ?? 0)))
  }
  return talk
}

/** Ids of other sessions of `actor`, begun now. */
async function sessionsOf(url: string, { name, access }: Actor): Promise<string[]> {
  for (let n = 0; n < SESSIONS; n += 1) await http(url, witnessedFetch).login(name, PASSWORD)
  const client = http(url, asActor({ access }))
  const sessions = await client.request<{ id: string; current: boolean }[]>('GET', '/api/v1/auth/sessions/')
  return sessions.filter(({ current }) => !current).map(({ id }) => id)
}

async function cursorsOf(client: Http, group: number): Promise<string[]> {
  const inside = `/api/v1/conversations/${group}`
  const lists = ['/api/v1/conversations/', `${inside}/members/`, `${inside}/messages/`, '/api/v1/search/messages/']
  const pages = lists.map(list => client.request<{ next: string | null }>('GET', `${list}?limit=1&q=one`))
  const next = (await Promise.all(pages)).map(page => page.next ?? '')
  return next.flatMap(address => new URL(address, 'http://x').searchParams.get('cursor') ?? [])
}

/** Carries requests with the token of `actor`. */
function asActor({ access }: Pick<Actor, 'access'>) {
  return (url: string, init: RequestInit) =>
    witnessedFetch(url, { ...init, headers: { ...(init.headers as object), authorization: `Bearer ${access}` } })
}

async function join(url: string, name: string): Promise<Actor> {
  await http(url, witnessedFetch).register({ username: name, password: PASSWORD })
  const { access, refresh, user } = await http(url, witnessedFetch).login(name, PASSWORD)
  return { id: user.id, name, access, refresh }
}

function names(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${kind}_${n}`)
}
