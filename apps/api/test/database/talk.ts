import { randomUUID } from 'node:crypto'
import type { ConversationId, UserId } from '@rendezvous/contract'
import { conversationsIn } from '../../src/adapters/conversations.ts'
import { messagesIn } from '../../src/adapters/messages.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { Appended, Draft } from '../../src/ports/messages.ts'
import { addPeople } from './engines.ts'

/** A text to store. */
export function draft(
  conversationId: ConversationId,
  senderId: UserId,
  content: string,
  clientId: string = randomUUID()
): Draft {
  return { conversationId, senderId, clientId, kind: 1, content }
}

/** The answer of a draft that was stored. */
export function created(answer: Appended | undefined) {
  if (answer?.status !== 'created') throw new Error(`expected created, got ${answer?.status}`)
  return answer
}

/** Two people, their conversation, in which `say` stores texts of one of them, and a third who is not in it. */
export async function acquaint({ database, hot }: OpenDatabase) {
  const [ann, bob, eve] = await addPeople(database, 3)
  if (ann === undefined || bob === undefined || eve === undefined) throw new Error('three people are needed')
  const conversations = conversationsIn(database)
  const opened = await conversations.openDirect(ann, bob)
  if (opened === null) throw new Error('the conversation did not open')
  const { id } = opened
  const messages = messagesIn(database, hot)
  const say = (senderId: UserId, ...texts: string[]) => messages.append(texts.map(text => draft(id, senderId, text)))
  return { ann, bob, eve, id, conversations, messages, say }
}
