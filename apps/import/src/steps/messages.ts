import type { Transaction } from '@rendezvous/api'
import type { ConversationId, Seq } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { SourceMessage } from '../source/messages.ts'
import { clientIdOf, knownPeople } from '../target/imported.ts'
import { appendMessages, type NewMessage, type Placed, raiseMarks, storedSeqs } from '../target/messages.ts'
import { type Addressed, address } from './address.ts'
import { type Marks, marks } from './marks.ts'
import type { People } from './members.ts'
import { inBatch, type Step } from './step.ts'

/** The state of the conversation in which a batch ended. The next batch may continue it. */
interface Thread {
  /** Its name in the source. */
  readonly name: string
  readonly conversationId: ConversationId
  /** The seq of its last imported message. */
  readonly seq: Seq
  /** The number of unread messages so far, by sender; a group has one number, under ''. */
  readonly unread: ReadonlyMap<string, number>
}

/**
 * Imports batches of messages, in the order of `selectMessages`, with their read marks. The next run tries messages
 * again that were left out. The read mark of such a message applies to the message before it.
 */
export function messageStep(step: Step): (messages: readonly SourceMessage[]) => Promise<void> {
  let thread: Thread | null = null
  return async messages => {
    const before = thread
    thread = await inBatch(step, (on, notes) => importBatch(on, step.source, messages, before, notes))
  }
}

async function importBatch(
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
  const { addressed, pairOf } = await address(on, source, messages, people, notes)
  const drafts = addressed.filter(({ isClosed }) => !isClosed).flatMap(message => draft(source, message, notes))

  const placed = await appendMessages(on, drafts)
  const brought = placed.filter(({ isNew }) => isNew).length
  notes.count('messages', 'brought', brought)
  notes.count('messages', 'there', placed.length - brought)
  await leaveClosed(
    on,
    source,
    addressed.filter(({ isClosed }) => isClosed),
    notes
  )

  const places = new Map(drafts.map((message, place) => [message.key, { ...message, ...placed[place] } as const]))
  const found = marks()
  const thread = findMarks(messages, places, people, { before, found, notes, pairOf })
  notes.count('read_marks', 'brought', await raiseMarks(on, found.all()))
  return thread
}

interface Draft extends NewMessage {
  readonly key: string
}

function draft(source: string, { from, senderId, conversationId }: Addressed, notes: Notes): Draft[] {
  const { key, content, createdAt } = from
  if (conversationId === null) notes.leaveOut('messages', 'no_conversation', key)
  if (conversationId === null || content === null || createdAt === null) return []
  if (from.hasFile) notes.change('messages', 'attachment_dropped', key)
  return [{ key, conversationId, senderId, clientId: clientIdOf(source, key), content, createdAt }]
}

/** Records the messages of closed conversations. Those of earlier runs stay; the others are left out. */
async function leaveClosed(on: Transaction, source: string, closed: readonly Addressed[], notes: Notes) {
  const sought = closed.flatMap(({ from, senderId, conversationId }) =>
    conversationId === null ? [] : [{ key: from.key, conversationId, senderId, clientId: clientIdOf(source, from.key) }]
  )
  const seqs = await storedSeqs(on, sought)
  for (const { key, clientId } of sought) {
    if (seqs.has(clientId)) notes.count('messages', 'there')
    else notes.leaveOut('messages', 'reshaped', key)
  }
}

interface MarkContext {
  readonly before: Thread | null
  readonly found: Marks
  readonly notes: Notes
  readonly pairOf: (message: SourceMessage) => string | null
}

/** Collects the watermarks of each conversation in `found`. Answers the state of the last conversation. */
function findMarks(
  messages: readonly SourceMessage[],
  places: ReadonlyMap<string, Draft & Partial<Placed>>,
  people: People,
  { before, found, notes, pairOf }: MarkContext
): Thread | null {
  let thread = before
  for (const message of messages) {
    const pair = pairOf(message)
    const name = pair ?? `in ${message.conversation}`
    if (thread?.name !== name) thread = null
    const place = places.get(message.key)
    if (place?.seq !== undefined) {
      thread = { name, conversationId: place.conversationId, seq: place.seq, unread: thread?.unread ?? new Map() }
    }
    if (thread === null) continue // no message of this conversation is imported so far
    mark(message, thread, people, found, notes)
    const whose = pair === null ? '' : (message.sender ?? '')
    thread = { ...thread, unread: unreadAfter(message, whose, thread.unread, place !== undefined, notes) }
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

/** The unread messages after `message`. Records those that its watermark covers: a read message makes all earlier
 *  messages of the same sender read. */
function unreadAfter(
  message: SourceMessage,
  whose: string,
  unread: Thread['unread'],
  came: boolean,
  notes: Notes
): Thread['unread'] {
  const count = unread.get(whose) ?? 0
  if (message.isRead && count > 0) notes.change('read_marks', 'covered', message.key, count)
  if (message.isRead) return new Map([...unread, [whose, 0]])
  return came && message.readers.length === 0 ? new Map([...unread, [whose, count + 1]]) : unread
}
