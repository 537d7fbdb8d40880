import { http } from '@rendezvous/client'

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
  /** Does what ends sessions, his own among them. */
  readonly mortal: Actor
  known(name: string): readonly unknown[]
  /** Messages of a conversation. */
  messagesOf(conversation: unknown): readonly unknown[]
}

const COUNT = 6

/** Makes accounts, conversations and messages at `url`. */
export async function castAt(url: string): Promise<Cast> {
  const names = Array.from({ length: COUNT + 1 }, (_, n) => `fuzz_${n}`)
  const [mortal, ...actors] = await Promise.all(names.map(name => join(url, name)))
  if (mortal === undefined) throw new Error('nobody joined')
  const users = actors.map(({ id }) => id)
  const conversations: number[] = []
  const messages: number[] = []
  const within = new Map<unknown, number[]>()
  const seqs: number[] = []

  for (const [n, actor] of actors.entries()) {
    const client = http(url, asActor(actor))
    const others = users.filter(id => id !== actor.id)
    const direct = await client.openConversation(others[n % others.length] ?? 0)
    const group = await client.request<{ id: number }>('POST', '/api/v1/conversations/', {
      participants: others,
      is_group: true,
      title: `group ${n}`
    })
    for (const { id } of [direct, group]) {
      conversations.push(id)
      for (const text of ['one', 'two @everybody', 'three']) {
        const sent = await client.send(id, text)
        messages.push(sent.id)
        within.set(id, [...(within.get(id) ?? []), sent.id])
        seqs.push(sent.seq)
      }
    }
  }
  const byName: Readonly<Record<string, readonly unknown[]>> = {
    ...{ participants: users, user_ids: users, userId: users, user_id: users, receiver: users, to: users, with: users },
    ...{ mentions: users, conversation_id: conversations, conversation: conversations },
    ...{
      messageId: messages,
      message_id: messages,
      reply_to: messages,
      before: messages,
      after: [...messages, ...seqs]
    },
    ...{ refresh: [mortal.refresh], token: [mortal.access], password: [PASSWORD], old_password: [PASSWORD] },
    ...{ seq: seqs, username: names, stream: conversations.map(id => `conversation:${id}`), emoji: ['👍', ':party:'] }
  }
  return {
    actors,
    mortal,
    messagesOf: conversation => within.get(conversation) ?? [],
    known(name) {
      if (name.endsWith('users/{id}')) return users
      if (name.endsWith('conversations/{id}')) return conversations
      return byName[name] ?? []
    }
  }
}

/** Carries requests with the token of `actor`. */
function asActor({ access }: Actor) {
  return (url: string, init: RequestInit) =>
    fetch(url, { ...init, headers: { ...(init.headers as object), authorization: `Bearer ${access}` } })
}

async function join(url: string, name: string): Promise<Actor> {
  await http(url).register({ username: name, password: PASSWORD })
  const { access, refresh, user } = await http(url).login(name, PASSWORD)
  return { id: user.id, name, access, refresh }
}
