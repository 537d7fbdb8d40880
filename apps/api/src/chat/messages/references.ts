import type { ConversationId, UserId } from '@rendezvous/contract'
import type { Messages, References } from './port.ts'

/** How often a write is tried while people leave and messages are deleted. */
const ROUNDS = 3

/** A text that may reply to a message and mention people. */
type Referring = Partial<Pick<References, 'replyTo' | 'replyGone'>> & { readonly mentions: readonly UserId[] }

/** What was written after `write`: the text as it was tried last, and the answer. */
interface Written<Text, Answer> {
  readonly text: Text
  readonly answer: Answer
}

/**
 * Writes a text whose references may have gone. When `write` refuses them, mentions of people who left are dropped, and
 * a deleted original is marked as gone. References that never were valid stay refused.
 */
export async function writeReferring<Text extends Referring, Answer extends { readonly status: string }>(
  messages: Pick<Messages, 'references'>,
  [conversationId, actorId]: readonly [ConversationId, UserId],
  given: Text,
  write: (text: Text) => Promise<Answer>
): Promise<Written<Text, Answer>> {
  let text = given
  for (let round = 1; ; round += 1) {
    const answer = await write(text)
    const isRefused = answer.status === 'bad_reply' || answer.status === 'bad_mention'
    if (!isRefused || round === ROUNDS) return { text, answer }

    const { replyTo = null, mentions } = text
    const found = await messages.references(conversationId, actorId, { replyTo, mentions })
    if (found === null || found.replyGone === null || found.strangers.length > 0) return { text, answer }
    const left = new Set(found.left)
    const kept = mentions.filter(id => !left.has(id))
    text = { ...text, mentions: kept, ...(replyTo === null ? {} : { replyGone: found.replyGone }) }
  }
}
