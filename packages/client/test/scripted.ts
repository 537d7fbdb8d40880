import type {
  Conversation,
  ConversationId,
  Event,
  Message,
  SyncAnswer,
  SyncRange,
  SyncRequest
} from '@rendezvous/contract'
import { chatStore, type StoreTransport } from '../src/index.ts'

/** The user of the store, another user, and their conversation. */
export const [ME, BOB] = [1, 2]
export const AT = '2026-01-31T10:20:30.123000Z'
export const CONVERSATION = 7 as ConversationId
export const STREAM = 'conversation:7'

/** The conversation at seq 5 with everything read, changed by `facts`. */
export function conversation(facts: object = {}): Conversation {
  const all = {
    ...{
      id: CONVERSATION,
      type: 'direct',
      is_group: false,
      title: null,
      name: null,
      participants: [],
      participant_ids: [ME, BOB]
    },
    ...{
      last_message: null,
      unread_count: 0,
      last_seq: 5,
      member_count: 2,
      created_by: ME,
      role: 'member',
      history: 'joined'
    },
    ...{ delivered_seq: 5, read_seq: 5, receipts: [{ user_id: BOB, delivered_seq: 5, read_seq: 5 }] },
    ...{ created_at: AT, updated_at: AT, ...facts }
  }
  return all as unknown as Conversation
}

/** A message of Bob, changed by `facts`. */
export function message(seq: number, facts: object = {}): Message {
  const all = {
    ...{
      id: 100 + seq,
      conversation: CONVERSATION,
      sender: BOB,
      receiver: ME,
      from: BOB,
      to: ME,
      content: `text ${seq}`
    },
    ...{ message_type: 'text', status: 'sent', is_read: false, created_at: AT, client_id: '', seq, changed_seq: seq },
    ...{ edited_at: null, reply_to: null, mentions: [], reactions: [], pinned_at: null, system: null, ...facts }
  }
  return all as unknown as Message
}

/** An event of the conversation's stream, with `facts`. */
export function event(type: Event['type'], seq: number, facts: object = {}): Event {
  return {
    type,
    conversation_id: CONVERSATION,
    stream: STREAM,
    seq,
    v: 1,
    at: AT,
    user_id: BOB,
    ...facts
  } as unknown as Event
}
/** The event of `message(seq)`. */
export const created = (seq: number) => event('message_created', seq, { ...message(seq), seq })

/** An answer of sync that is empty except for `facts`. */
export function answer(facts: Partial<SyncAnswer> = {}): SyncAnswer {
  return { next: 'next', more: false, restart: false, conversations: [], left: [], ranges: [], ...facts }
}

/** A range of the conversation that is empty except for `facts`. */
export function range(facts: object): SyncRange {
  const none = { messages: [], deleted: [], members: [], left: [], conversation: null }
  return { stream: STREAM, status: 'ok', more: false, ...none, ...facts } as unknown as SyncRange
}

/** Requests after which the server fails, so that a store in an endless loop fails its test. */
const TOO_MANY = 200

/** A store with a scripted server and manual timers. It has received `ready` and has one conversation at seq 5. */
export async function start(
  answers: { sync?: (request: SyncRequest) => SyncAnswer; conversation?: (id: number) => Conversation } = {}
) {
  const asked: string[] = []
  const ask = (what: string) => {
    if (asked.push(what) > TOO_MANY) throw new Error('too many requests')
  }
  const timers = new Map<() => void, number>()
  const server = {
    sync: (request: SyncRequest) => answer(request.since === undefined ? {} : { conversations: [conversation()] }),
    conversation: (_id: number): Conversation => conversation(),
    ...answers
  }
  const transport: StoreTransport = {
    async sync(request) {
      ask(JSON.stringify(request))
      return server.sync(request)
    },
    async conversation(id) {
      ask(`conversation ${id}`)
      return server.conversation(id)
    },
    messages: async () => [message(4)],
    members: async () => []
  }
  const store = chatStore({
    userId: ME as never,
    transport,
    after(ms, run) {
      timers.set(run, ms)
      return () => timers.delete(run)
    }
  })
  store.receive({ type: 'ready' } as Event)
  await store.settled()
  return {
    ...{ store, asked, timers, server },
    state: () => store.conversations.get(CONVERSATION),
    async receive(...events: Event[]) {
      for (const each of events) store.receive(each)
      await store.settled()
    },
    async fire() {
      const due = [...timers.keys()]
      timers.clear()
      for (const run of due) run()
      await store.settled()
    }
  }
}
