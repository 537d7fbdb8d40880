import type { Transaction } from '@rendezvous/api'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { SourceMessage } from '../source/messages.ts'
import { type NewDirect, newConversationIds, openDirects, pairKey } from '../target/conversations.ts'
import { clientIdOf, type KnownPerson, knownConversations, knownPeople } from '../target/imported.ts'
import { appendMessages, type NewMessage, type Placed, raiseMarks } from '../target/messages.ts'
import { type Marks, marks } from './marks.ts'
import { messageProblem } from './message.ts'
import { inBatch, type Step } from './step.ts'

type People = ReadonlyMap<string, KnownPerson>

/** A message whose people are here. */
interface Addressed {
  readonly from: SourceMessage
  readonly senderId: UserId
  /** The two it is between, ascending; null in a group. */
  readonly pair: readonly [UserId, UserId] | null
}

/** Where the conversation stands that a batch ended in: the next may go on with it. */
interface Thread {
  /** What the source calls it. */
  readonly name: string
  readonly conversationId: ConversationId
  /** Of its last message that came. */
  readonly seq: Seq
  /** Messages that are unread so far, by their sender; in a group of all together. */
  readonly unread: ReadonlyMap<string, number>
}

/**
 * Brings batches of messages, in the order of `selectMessages`, and who has read them. What is left out is looked at again by the next run, and
 * counts for reading as the message before it.
 */
export function messageStep(step: Step): (messages: readonly SourceMessage[]) => Promise<void> {
  let thread: Thread | null = null
  return async messages => {
    const before = thread
    thread = await inBatch(step, (on, notes) => bring(on, step.source, messages, before, notes))
  }
}

async function bring(
  on: Transaction,
  source: string,
  messages: readonly SourceMessage[],
  before: Thread | null,
  notes: Notes
) {
  notes.count('messages', 'read', messages.length)
  const keys = messages.flatMap(({ sender, pair, readers }) => [sender, ...(pair ?? []), ...readers])
  const people = await knownPeople(
    on,
    source,
    keys.filter(key => key !== null)
  )
  const sound = messages.flatMap(from => addressed(from, people, notes))
  const idOf = await conversationsOf(on, source, sound, notes)
  const drafts = sound.flatMap(message => draft(source, message, idOf(message), notes))

  const placed = await appendMessages(on, drafts)
  const brought = placed.filter(({ isNew }) => isNew).length
  notes.count('messages', 'brought', brought)
  notes.count('messages', 'there', placed.length - brought)

  const places = new Map(drafts.map((message, place) => [message.key, { ...message, ...placed[place] } as const]))
  const found = marks()
  const thread = follow(messages, places, people, { before, found, notes })
  notes.count('read_marks', 'brought', await raiseMarks(on, found.all()))
  return thread
}

function addressed(from: SourceMessage, people: People, notes: Notes): Addressed[] {
  const problem = messageProblem(from)
  if (problem !== null) {
    notes.leaveOut('messages', problem, from.key)
    return []
  }
  const idOf = (key: string | null) => (key === null ? null : (people.get(key)?.id ?? null))
  const senderId = idOf(from.sender)
  const [one, other] = from.pair === null ? [senderId, senderId] : from.pair.map(idOf)
  if (senderId === null || !one || !other) {
    notes.leaveOut('messages', 'unknown_person', from.key)
    return []
  }
  if (from.pair === null) return [{ from, senderId, pair: null }]
  if (one === other) {
    notes.leaveOut('messages', 'to_oneself', from.key)
    return []
  }
  return [{ from, senderId, pair: one < other ? [one, other] : [other, one] }]
}

/** Makes the direct conversations that are missing, and answers how to find the conversation of a message: null when it is not here. */
async function conversationsOf(on: Transaction, source: string, messages: readonly Addressed[], notes: Notes) {
  const directs = new Map<string, Omit<NewDirect, 'id'>>()
  for (const { from, senderId, pair } of messages) {
    if (pair === null || directs.has(pairKey(...pair))) continue
    const [low, high] = pair
    directs.set(pairKey(low, high), { low, high, createdBy: senderId, createdAt: from.createdAt, gone: null })
  }
  const fresh = await newConversationIds(on, directs.size)
  const wanted = [...directs.values()].flatMap((direct, place) => {
    const id = fresh[place]
    return id === undefined ? [] : [{ ...direct, id }]
  })
  const { ids, made } = await openDirects(on, wanted)
  notes.count('conversations', 'brought', made.size)
  notes.count('members', 'brought', 2 * made.size)
  const keys = messages.flatMap(({ from, pair }) =>
    pair === null && from.conversation !== null ? [from.conversation] : []
  )
  const groups = await knownConversations(on, source, keys)
  return ({ from, pair }: Addressed): ConversationId | null =>
    (pair === null ? groups.get(from.conversation ?? '')?.id : ids.get(pairKey(...pair))) ?? null
}

interface Draft extends NewMessage {
  readonly key: string
}

function draft(
  source: string,
  { from, senderId }: Addressed,
  conversationId: ConversationId | null,
  notes: Notes
): Draft[] {
  const { key, content, createdAt } = from
  if (conversationId === null) notes.leaveOut('messages', 'no_conversation', key)
  if (conversationId === null || content === null || createdAt === null) return []
  if (from.hasFile) notes.change('messages', 'attachment_dropped', key)
  return [{ key, conversationId, senderId, clientId: clientIdOf(source, key), content, createdAt }]
}

interface Following {
  readonly before: Thread | null
  readonly found: Marks
  readonly notes: Notes
}

/** Walks the messages and finds how far each conversation is read; answers where the last one stands. */
function follow(
  messages: readonly SourceMessage[],
  places: ReadonlyMap<string, Draft & Partial<Placed>>,
  people: People,
  { before, found, notes }: Following
): Thread | null {
  let thread = before
  for (const message of messages) {
    const name = message.pair?.join(' ') ?? `in ${message.conversation}`
    if (thread?.name !== name) thread = null
    const place = places.get(message.key)
    if (place?.seq !== undefined) {
      thread = { name, conversationId: place.conversationId, seq: place.seq, unread: thread?.unread ?? new Map() }
    }
    if (thread === null) continue // nothing of this conversation has come so far
    mark(message, thread, people, found, notes)
    thread = { ...thread, unread: nowUnread(message, thread.unread, place !== undefined, notes) }
  }
  return thread
}

function mark(
  { isRead, isDelivered, sender, readers }: SourceMessage,
  thread: Thread,
  people: People,
  found: Marks,
  notes: Notes
) {
  const { conversationId, seq } = thread
  const senderId = people.get(sender ?? '')?.id ?? null
  if (isRead || isDelivered || readers.length > 0) notes.count('read_marks', 'read')
  if (senderId !== null && isRead) found.byOthers('read', conversationId, seq, senderId)
  if (senderId !== null && isDelivered) found.byOthers('delivered', conversationId, seq, senderId)
  for (const reader of readers) {
    const readerId = people.get(reader)?.id ?? null
    if (readerId !== null) found.byOne(conversationId, seq, readerId)
  }
}

/** A watermark covers what lies below it: those messages that were unread before one of the same sender that is read. */
function nowUnread(message: SourceMessage, unread: Thread['unread'], came: boolean, notes: Notes): Thread['unread'] {
  const whose = message.pair === null ? '' : (message.sender ?? '')
  const count = unread.get(whose) ?? 0
  if (message.isRead && count > 0) notes.change('read_marks', 'covered', message.key, count)
  if (message.isRead) return new Map([...unread, [whose, 0]])
  return came && message.readers.length === 0 ? new Map([...unread, [whose, count + 1]]) : unread
}
