import { randomUUID } from 'node:crypto'
import type { ConversationId, UserId } from '@rendezvous/contract'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import type { Appended, Draft } from '../../src/chat/messages/port.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { addPeople } from './engines.ts'

/** A draft of a text message. */
export function draft(
  conversationId: ConversationId,
  senderId: UserId,
  content: string,
  clientId: string = randomUUID()
): Draft {
  return { conversationId, senderId, clientId, kind: 1, content }
}

/** The answer, which must have the status `created`. */
export function created(answer: Appended | undefined) {
  if (answer?.status !== 'created') throw new Error(`expected created, got ${answer?.status}`)
  return answer
}

/** Ann and Bob in a direct conversation, and Eve, who is not in it. `say` stores texts of a sender. */
export async function directFixture({ database, hot }: OpenDatabase) {
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
