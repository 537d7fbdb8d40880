import type { ChatAnnouncer } from '../announcer.ts'
import type { Change } from '../changes/port.ts'
import { gathering } from '../gather.ts'
import type { Appended, Draft, Message, Messages, Stored } from './port.ts'

/** Stores a draft, and announces its message. The draft is durable when the call resolves. Drafts that come while
 *  others are being stored share one transaction and one announcement. A conversation that another process holds locked
 *  delays its own drafts. The other drafts of its batch wait a tenth of a second each time the batch meets the lock.
 *  @throws unavailable when too many drafts wait, or too many conversations are locked. */
export function appender(
  messages: Pick<Messages, 'append' | 'tryAppend'>,
  announcer: Pick<ChatAnnouncer, 'announce'>
): (draft: Draft) => Promise<Appended> {
  async function appendAll(drafts: readonly Draft[], alone: boolean): Promise<Appended[] | null> {
    const answers = alone ? await messages.append(drafts) : await messages.tryAppend(drafts)
    if (answers === null) return null
    const created = answers.flatMap((answer, index) => changeOf(drafts[index], answer))
    const owed = new Set(answers.flatMap(answer => (answer.status === 'created' ? [answer.outboxId] : [])))
    announcer.announce(created, [...owed])
    return answers
  }

  return gathering({ keyOf: draft => draft.conversationId, identityOf, carryOut: appendAll })
}

function identityOf({ conversationId, senderId, clientId }: Draft): string {
  return `${conversationId} ${senderId} ${clientId}`
}

/** The message that a draft became. */
export function sentMessage(
  {
    senderId,
    conversationId,
    content,
    kind,
    clientId,
    clientIdSent,
    replyTo = null,
    replyGone = false,
    mentions = []
  }: Draft,
  { id, seq, number, createdAt, memberIds }: Stored
): Message {
  const isNote = memberIds?.length === 1
  // one literal: spreading so many fields took a twentieth of the time of a send
  return {
    id,
    conversationId,
    senderId,
    receiverId: isNote ? senderId : (memberIds?.find(member => member !== senderId) ?? null),
    clientId: clientIdSent ?? clientId,
    kind,
    content,
    replyTo,
    replyGone,
    mentions,
    reactions: [],
    system: null,
    status: isNote ? 'read' : 'sent',
    isRead: isNote,
    seq,
    changedSeq: seq,
    number,
    createdAt,
    editedAt: null,
    pinnedAt: null
  }
}

function changeOf(draft: Draft | undefined, answer: Appended): Change[] {
  if (draft === undefined || answer.status !== 'created') return []
  const { seq, memberIds, membersSeq, memberCount, rejoinedIds } = answer
  const { conversationId } = draft
  const message = sentMessage(draft, answer)
  const placed = { conversationId, seq, memberIds, membersSeq, ...(memberCount === null ? {} : { memberCount }) }
  return [{ type: 'message_created', ...placed, message, rejoinedIds }]
}
