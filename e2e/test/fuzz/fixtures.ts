import { type Http, http } from '@rendezvous/client'
import fc from 'fast-check'
import { checkedFetch } from '../contract/checked.ts'

/** The password of all users of the fuzz tests. */
const PASSWORD = 'a password for tests'

/** A user who sends generated requests. */
export interface Actor {
  readonly id: number
  readonly name: string
  readonly access: string
  readonly refresh: string
}

/** The users of the fuzz tests, and known values by the name of a field or of a path parameter. */
export interface FuzzFixtures {
  /** Their sessions are never ended. */
  readonly actors: readonly Actor[]
  /** They send the requests that end sessions, their own included. */
  readonly sessionEnders: readonly Actor[]
  /** They send the requests that change passwords, which end their sessions. */
  readonly passwordChangers: readonly Actor[]
  /** Ends their own sessions one by one. They have many besides the one they use: `known('sessionId')`. */
  readonly sessionOwner: Actor
  known(name: string): readonly unknown[]
  /** Conversations for requests that end memberships or delete messages. Others stay intact. */
  readonly disposable: readonly unknown[]
  /** The ids of the messages of a conversation. */
  messagesOf(conversation: unknown): readonly unknown[]
}

const ACTORS = 6
const SESSION_ENDERS = 24
/** One user for each password change. */
const PASSWORD_CHANGERS = 24
const DISPOSABLE = 30
/** Names, and addresses, of users who can still be registered. */
const FRESH = 60
/** Sessions of `sessionOwner` that can be ended. */
const SESSIONS = 40

/** Creates accounts, conversations and messages at `url`. */
export async function createFuzzFixtures(url: string): Promise<FuzzFixtures> {
  const actors = await Promise.all(names('fuzz', ACTORS).map(name => join(url, name)))
  const sessionEnders = await Promise.all(names('ender', SESSION_ENDERS).map(name => join(url, name)))
  const passwordChangers = await Promise.all(names('changer', PASSWORD_CHANGERS).map(name => join(url, name)))
  const sessionOwner = await join(url, 'sessionOwner')
  const sessions = await sessionsOf(url, sessionOwner)
  const chats = await createChats(actors, url)
  const users = actors.map(({ id }) => id)
  const byName: Readonly<Record<string, readonly unknown[]>> = {
    ...{ participants: users, user_ids: users, userId: users, user_id: users, receiver: users, to: users, with: users },
    ...{ mentions: users, conversation_id: chats.conversations, conversation: chats.conversations },
    ...{ id: chats.messages, messageId: chats.messages, message_id: chats.messages, reply_to: chats.messages },
    ...{ before: chats.messages, after: [...chats.messages, ...chats.seqs], seq: chats.seqs },
    ...{ cursor: chats.cursors, page: ['1'], q: ['one', 'two or three', '"@everybody" -one'] },
    ...{
      refresh: sessionEnders.map(({ refresh }) => refresh),
      token: [...sessionEnders, ...actors].map(({ access }) => access)
    },
    ...{ password: [PASSWORD], password_confirm: [PASSWORD], old_password: [PASSWORD] },
    ...{ new_password: [`${PASSWORD}, too`], new_password_confirm: [`${PASSWORD}, too`] },
    ...{ username: [...actors.map(({ name }) => name), ...names('fresh', FRESH)] },
    ...{ email: ['', ...names('fresh', FRESH).map(name => `${name}@example.org`)] },
    ...{ stream: chats.conversations.map(id => `conversation:${id}`), emoji: ['👍', ':party:'] },
    ...{ sessionId: sessions }
  }
  return {
    actors,
    sessionEnders,
    passwordChangers,
    sessionOwner,
    disposable: chats.disposable,
    messagesOf: conversation => chats.byConversation.get(conversation) ?? [],
    known(name) {
      if (name.endsWith('users/{id}')) return users
      if (name.endsWith('conversations/{id}')) return chats.conversations
      return byName[name] ?? []
    }
  }
}

/** `parts` with a message, under the name `message`, that is usually one of the conversation under `conversation`. */
export function inConversation<Parts extends object>(
  parts: Parts,
  fixtures: FuzzFixtures,
  { conversation, message }: { readonly conversation: string; readonly message: string }
): fc.Arbitrary<Parts> {
  const messages = fixtures.messagesOf((parts as Record<string, unknown>)[conversation])
  if (!(message in parts) || messages.length === 0) return fc.constant(parts)
  const inside = fc.constantFrom(...messages).map(id => ({ ...parts, [message]: id }))
  return fc.oneof({ weight: 4, arbitrary: inside }, { weight: 1, arbitrary: fc.constant(parts) })
}

/** The known conversations, messages, sequence numbers and cursors. */
interface Chats {
  readonly conversations: number[]
  readonly disposable: number[]
  readonly messages: number[]
  readonly byConversation: Map<unknown, number[]>
  readonly seqs: number[]
  readonly cursors: string[]
}

/** Creates direct conversations and groups, messages in each, and cursors of their lists. */
async function createChats(actors: readonly Actor[], url: string): Promise<Chats> {
  const chats: Chats = {
    conversations: [],
    disposable: [],
    messages: [],
    byConversation: new Map(),
    seqs: [],
    cursors: []
  }
  const users = actors.map(({ id }) => id)
  const groupOf = async (client: Http, owner: number, title: string) => {
    const participants = users.filter(id => id !== owner)
    const body = { participants, is_group: true, title }
    return (await client.request<{ id: number }>('POST', '/api/v1/conversations/', body)).id
  }
  const sendMessages = async (client: Http, id: number) => {
    for (const text of ['one', 'two @everybody', 'three']) {
      const sent = await client.send(id, text)
      chats.messages.push(sent.id)
      chats.seqs.push(sent.seq)
      chats.byConversation.set(id, [...(chats.byConversation.get(id) ?? []), sent.id])
    }
  }

  for (const [n, actor] of actors.entries()) {
    const client = http(url, asActor(actor))
    const direct = await client.openConversation(users[(n + 1) % users.length] ?? 0)
    chats.conversations.push(direct.id, await groupOf(client, actor.id, `group ${n}`))
    for (const title of names(`disposable ${n}`, DISPOSABLE / actors.length))
      chats.disposable.push(await groupOf(client, actor.id, title))
    for (const id of chats.conversations.slice(-2)) await sendMessages(client, id)
    for (const id of chats.disposable.slice(-DISPOSABLE / actors.length)) await sendMessages(client, id)
    chats.cursors.push(...(await cursorsOf(client, chats.conversations.at(-1) ?? 0)))
  }
  return chats
}

/** Signs `actor` in again, and answers the ids of the new sessions. */
async function sessionsOf(url: string, { name, access }: Actor): Promise<string[]> {
  for (let n = 0; n < SESSIONS; n += 1) await http(url, checkedFetch).login(name, PASSWORD)
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

/** `fetch` with the token of `actor`. */
function asActor({ access }: Pick<Actor, 'access'>) {
  return (url: string, init: RequestInit) =>
    checkedFetch(url, { ...init, headers: { ...(init.headers as object), authorization: `Bearer ${access}` } })
}

async function join(url: string, name: string): Promise<Actor> {
  await http(url, checkedFetch).register({ username: name, password: PASSWORD })
  const { access, refresh, user } = await http(url, checkedFetch).login(name, PASSWORD)
  return { id: user.id, name, access, refresh }
}

function names(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${kind}_${n}`)
}
