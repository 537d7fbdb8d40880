import DataLoader from 'dataloader'
import type { Change } from '../ports/changes.ts'
import type { Appended, Draft, Message, Messages, Stored } from '../ports/messages.ts'
import type { Announcer } from './announcer.ts'

/** Drafts that are stored in one transaction, and how long the first waits for others. Worth 7 times one by one under load. */
const BATCH = 50
const BATCH_MS = 3

/** Stores drafts; those that come at about the same time are one transaction and one announcement. Durable when it resolves. */
export function appender(
  messages: Pick<Messages, 'append'>,
  announcer: Pick<Announcer, 'announce'>
): (draft: Draft) => Promise<Appended> {
  const batch = new DataLoader<Draft, Appended>(appendAll, {
    cache: false,
    maxBatchSize: BATCH,
    batchScheduleFn: flush => setTimeout(flush, BATCH_MS)
  })

  async function appendAll(drafts: readonly Draft[]): Promise<Appended[]> {
    const answers = await messages.append(drafts)
    const created = answers.flatMap((answer, index) => changeOf(drafts[index], answer))
    const owed = new Set(answers.flatMap(answer => (answer.status === 'created' ? [answer.outboxId] : [])))
    announcer.announce(created, [...owed])
    return answers
  }

  return draft => batch.load(draft)
}

/** The message that a draft became. */
export function sentMessage(
  { replyTo = null, mentions = [], ...draft }: Draft,
  { id, seq, number, createdAt, memberIds }: Stored
): Message {
  const receiverId = memberIds?.find(member => member !== draft.senderId) ?? null
  const unchanged = { changedSeq: seq, editedAt: null, pinnedAt: null, reactions: [], system: null } as const
  return { ...draft, ...unchanged, replyTo, mentions, id, seq, number, createdAt, receiverId, status: 'sent' }
}

function changeOf(draft: Draft | undefined, answer: Appended): Change[] {
  if (draft === undefined || answer.status !== 'created') return []
  const { seq, memberIds, membersSeq, rejoinedIds } = answer
  const { conversationId } = draft
  const message = sentMessage(draft, answer)
  return [{ type: 'message_created', conversationId, seq, memberIds, membersSeq, message, rejoinedIds }]
}
