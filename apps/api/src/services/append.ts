import type { Change } from '../ports/changes.ts'
import type { Appended, Draft, Message, Messages, Stored } from '../ports/messages.ts'
import type { Announcer } from './announcer.ts'
import { gathering, oneAfterAnother } from './gather.ts'

/** Stores drafts; those that come at about the same time are one transaction and one announcement. Durable when it resolves. */
export function appender(
  messages: Pick<Messages, 'append'>,
  announcer: Pick<Announcer, 'announce'>
): (draft: Draft) => Promise<Appended> {
  async function appendAll(drafts: readonly Draft[]): Promise<Appended[]> {
    const answers = await messages.append(drafts)
    const created = answers.flatMap((answer, index) => changeOf(drafts[index], answer))
    const owed = new Set(answers.flatMap(answer => (answer.status === 'created' ? [answer.outboxId] : [])))
    announcer.announce(created, [...owed])
    return answers
  }

  return gathering(appendAll, oneAfterAnother())
}

/** The message that a draft became. */
export function sentMessage(
  { senderId, conversationId, content, kind, clientId, replyTo = null, mentions = [] }: Draft,
  { id, seq, number, createdAt, memberIds }: Stored
): Message {
  // one literal: spreading so many fields was a twentieth of what a send takes
  return {
    id,
    conversationId,
    senderId,
    receiverId: memberIds?.find(member => member !== senderId) ?? null,
    clientId,
    kind,
    content,
    replyTo,
    mentions,
    reactions: [],
    system: null,
    status: 'sent',
    isRead: false,
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
  const { seq, memberIds, membersSeq, rejoinedIds } = answer
  const { conversationId } = draft
  const message = sentMessage(draft, answer)
  return [{ type: 'message_created', conversationId, seq, memberIds, membersSeq, message, rejoinedIds }]
}
