import DataLoader from 'dataloader'
import pLimit from 'p-limit'
import type { Change } from '../ports/changes.ts'
import type { Appended, Draft, Message, Messages, Stored } from '../ports/messages.ts'
import type { Announcer } from './announcer.ts'

/** Drafts that are stored in one transaction, and how long the first waits for others. Worth 7 times one by one under load. */
const BATCH = 50
const BATCH_MS = 3
/** Transactions of this node at a time: what comes while they run gathers, so that batches grow with the load. More would wait for one
 *  another's locks on a busy conversation, and for connections on others. */
const UNDER_WAY = 2

/** Stores drafts; those that come at about the same time are one transaction and one announcement. Durable when it resolves. */
export function appender(
  messages: Pick<Messages, 'append'>,
  announcer: Pick<Announcer, 'announce'>
): (draft: Draft) => Promise<Appended> {
  const turn = pLimit(UNDER_WAY)
  let begun: Promise<unknown> = Promise.resolve()
  const batch = new DataLoader<Draft, Appended>(
    drafts => {
      const stored = appendAll(drafts)
      begun = stored.catch(() => undefined)
      return stored
    },
    { cache: false, maxBatchSize: BATCH, batchScheduleFn: flush => setTimeout(() => void turn(run, flush), BATCH_MS) }
  )

  /** Lasts as long as the batch that `flush` begins. */
  function run(flush: () => void): Promise<unknown> {
    flush()
    return begun
  }

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
