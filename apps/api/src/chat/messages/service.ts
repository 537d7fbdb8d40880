import {
  type ConversationId,
  clientIdConflict,
  invalid,
  isUserId,
  limits,
  type MessageId,
  type Message as MessageView,
  notFound,
  type SendToConversation,
  type SentMessage,
  type Seq,
  textProblem,
  type UserId
} from '@rendezvous/contract'
import type { Static } from 'typebox'
import type { ChatAnnouncer } from '../announcer.ts'
import { directConversations } from '../conversations/direct.ts'
import type { Conversations } from '../conversations/port.ts'
import type { ReceiptService } from '../receipts/service.ts'
import { wordsOf } from '../words/words.ts'
import { appender, sentMessage } from './append.ts'
import type { Appended, Draft, Message, MessagePage, MessagePlace, Messages, MessageWindow } from './port.ts'
import { writeReferring } from './references.ts'
import { messageView, sentView } from './view.ts'

/** The target of a message: a conversation, or the other person of a direct one. */
export type Target = { readonly conversationId: ConversationId } | { readonly receiverId: UserId }

/** The message that a client sends. Without a `clientId`, its idempotency key, a repetition stores a second message. */
export interface Text {
  readonly content: string
  readonly clientId?: string | undefined
  /** The message that this one replies to. */
  readonly replyTo?: MessageId | null | undefined
  /** Members whom it mentions. */
  readonly mentions?: readonly UserId[] | undefined
}

/** The message in the body of a request or in a socket command. */
export function textOf({ content, client_id, reply_to, mentions }: Static<typeof SendToConversation>): Text {
  return { content, clientId: client_id, replyTo: reply_to, mentions }
}

/** The bounds of a list of messages. Queries name messages by id, cursors by seq. */
export interface MessageBounds {
  readonly before?: MessageId | undefined
  readonly after?: MessageId | undefined
  readonly beforeSeq?: Seq | undefined
  readonly afterSeq?: Seq | undefined
  readonly limit: number
}

/** Messages, oldest first, and whether there are more in the direction of the request. */
export interface History {
  readonly messages: readonly MessageView[]
  readonly hasMore: boolean
}

/** The ports of the message service. */
export interface MessageServiceOptions {
  readonly messages: Messages
  readonly conversations: Pick<Conversations, 'openDirect' | 'findDirect'>
  readonly receipts: Pick<ReceiptService, 'read'>
  readonly announcer: Pick<ChatAnnouncer, 'announce'>
  /** A new uuid. */
  readonly newId: () => string
  readonly clock: () => number
}

/** Sends messages, lists them and marks them read. */
export type MessageService = ReturnType<typeof messageService>

/** The service over the messages of the port `messages`. Sends of this node join into batches (ADR 19). */
export function messageService({ messages, conversations, receipts, announcer, newId, clock }: MessageServiceOptions) {
  const append = appender(messages, announcer)
  const direct = directConversations(conversations, announcer, clock)

  function draftOf(senderId: UserId, conversationId: ConversationId, text: Text): SentDraft {
    const { content, clientId, replyTo = null, mentions = [] } = text
    const once = mentions.length > 1 ? [...new Set(mentions)] : mentions
    const named = clientId?.toLowerCase() ?? newId()
    const words = wordsOf(content)
    const draft = { senderId, conversationId, content, words, replyTo, mentions: once, kind: 1, clientId: named }
    return clientId === undefined || clientId === named ? draft : { ...draft, clientIdSent: clientId }
  }

  /** Stores a draft. Mentions of people who left are dropped, and a deleted original may be replied to. */
  async function store(draft: SentDraft): Promise<Stored> {
    const { conversationId, senderId } = draft
    const { text, answer } = await writeReferring(messages, [conversationId, senderId], draft, append)
    return { draft, stored: text, appended: answer }
  }

  async function answer({ draft, stored, appended }: Stored): Promise<SentMessage> {
    if (appended.status === 'failed') throw appended.error
    if (appended.status === 'created') {
      const message = sentMessage(stored, appended)
      return sentView(message, { duplicate: false, deleted: false, dropped_mentions: missing(draft, message) })
    }
    if (appended.status !== 'duplicate') throw refusals[appended.status]()

    const { conversationId, senderId } = draft
    const first = await messages.findForMember(conversationId, appended.id, senderId)
    if (first !== null) {
      const dropped = first.editedAt === null ? missing(draft, first) : []
      const message = { ...first, clientId: draft.clientIdSent ?? draft.clientId }
      return sentView(message, { duplicate: true, deleted: false, dropped_mentions: dropped })
    }
    const deleted = (await messages.locate(conversationId, appended.id, senderId)) !== null
    const known = sentMessage(draft, appended)
    const message = deleted ? { ...known, content: '', mentions: [] } : known
    return sentView(message, { duplicate: true, deleted, dropped_mentions: [] })
  }

  /** The cached conversation may be one that the sender has left. Then it is opened again, and the send is repeated. */
  async function sendToPerson(callerId: UserId, receiverId: UserId, text: Text): Promise<SentMessage> {
    const stable = { ...text, clientId: text.clientId ?? newId() }
    const known = await direct.find(callerId, receiverId)
    const draft = known === null ? null : draftOf(callerId, known, stable)
    const sent = draft === null ? null : await store(draft)
    if (sent !== null && sent.appended.status !== 'not_found') return answer(sent)

    const opened = await direct.open(callerId, receiverId)
    if (opened === null) throw invalid({ receiver: [unknownPerson(receiverId)] })
    return answer(await store(draftOf(callerId, opened, stable)))
  }

  async function windowOf(
    callerId: UserId,
    conversationId: ConversationId,
    bounds: MessageBounds
  ): Promise<MessageWindow> {
    const locate = async (id: MessageId | undefined, seq: Seq | undefined) => {
      if (id === undefined) return seq
      const found = await messages.locate(conversationId, id, callerId)
      if (found === null) throw notFound()
      return found
    }
    const beforeSeq = await locate(bounds.before, bounds.beforeSeq)
    const afterSeq = await locate(bounds.after, bounds.afterSeq)
    return {
      limit: bounds.limit,
      ...(beforeSeq === undefined ? {} : { beforeSeq }),
      ...(afterSeq === undefined ? {} : { afterSeq })
    }
  }

  return {
    /** Stores a message and announces it; durable when it resolves. A repeated `clientId` answers the first message
     *  with `duplicate: true`, and also `deleted: true` once that was deleted. References that have gone are no error.
     *  @throws notFound when the conversation is absent, not the caller's, or across a block; clientIdConflict when
     *  another text has this `clientId`; invalid for an invalid text, reply or mention, and when the receiver is
     *  absent or across a block. */
    async send(callerId: UserId, target: Target, text: Text): Promise<SentMessage> {
      const problem = textProblem(text.content, limits.messageCharacters)
      if (problem !== null) throw invalid({ content: [problem] })
      if ('receiverId' in target) return sendToPerson(callerId, target.receiverId, text)

      return answer(await store(draftOf(callerId, target.conversationId, text)))
    },

    /** Messages of a conversation within `bounds`, oldest first; without bounds the newest ones.
     *  @throws notFound when the conversation, or a message it names, is absent or not the caller's. */
    async list(callerId: UserId, conversationId: ConversationId, bounds: MessageBounds): Promise<History> {
      const page = await messages.page(conversationId, callerId, await windowOf(callerId, conversationId, bounds))
      if (page === null) throw notFound()
      return { messages: page.messages.map(messageView), hasMore: page.hasMore }
    },

    /** Messages with a person, oldest first, and marks them read. None when the person is absent or across a block, or
     *  when there is no message. */
    async readWith(callerId: UserId, peerId: number, bounds: MessageBounds): Promise<History> {
      if (!isUserId(peerId)) return nothing
      const conversationId = await conversations.findDirect(callerId, peerId)
      if (conversationId === null) return nothing

      const page = await messages.page(conversationId, callerId, await windowOf(callerId, conversationId, bounds))
      const last = page?.messages.at(-1)
      if (page === null || last === undefined) return nothing
      if ((await receipts.read(callerId, conversationId, last.seq)) === null) return nothing
      return asRead(callerId, page)
    },

    /** Marks a message and all before it as read. Answers the message.
     *  @throws notFound when the message is absent, not visible to the caller, or across a block. */
    async markRead(callerId: UserId, conversationId: ConversationId, messageId: MessageId): Promise<MessageView> {
      const message = await messages.findForMember(conversationId, messageId, callerId)
      if (message === null) throw notFound()
      if ((await receipts.read(callerId, conversationId, message.seq)) === null) throw notFound()
      return messageView(readBy(callerId, message))
    },

    /** Like `markRead`, for a client that does not know the conversation. Answers the conversation and the new read
     *  seq.
     *  @throws notFound as above, and for a conversation outside the caller's `limits.recentConversations` last
     *  active ones. */
    async markReadById(callerId: UserId, messageId: MessageId): Promise<MessagePlace> {
      const place = await messages.whereIs(messageId, callerId)
      if (place === null) throw notFound()
      const position = await receipts.read(callerId, place.conversationId, place.seq)
      if (position === null) throw notFound()
      return { conversationId: place.conversationId, seq: position }
    }
  }
}

const refusals = {
  conflict: clientIdConflict,
  not_found: notFound,
  bad_reply: () => invalid({ reply_to: ['There is no such message in this conversation.'] }),
  bad_mention: () => invalid({ mentions: ['Only members of the conversation can be mentioned.'] }),
  invalid: () => invalid({ content: ['Not a valid string.'] })
}

/** A draft whose mentions are known. */
type SentDraft = Draft & { readonly mentions: readonly UserId[] }

/** A draft as it was sent and as it was stored, and the answer to it. */
interface Stored {
  readonly draft: SentDraft
  readonly stored: SentDraft
  readonly appended: Appended
}

/** The mentions of a draft that its message does not have. */
function missing({ mentions }: SentDraft, message: Message): UserId[] {
  return mentions.filter(id => !message.mentions.includes(id))
}

const nothing: History = { messages: [], hasMore: false }

/** The message after the reader read it. The reader's own messages stay as they are, and in a group the status
 *  stays. */
function readBy(readerId: UserId, message: Message): Message {
  if (message.senderId === readerId) return message
  return { ...message, status: message.receiverId === null ? message.status : 'read', isRead: true }
}

function asRead(readerId: UserId, page: MessagePage): History {
  return { messages: page.messages.map(message => messageView(readBy(readerId, message))), hasMore: page.hasMore }
}

/** Django REST framework's text for the id of an absent person. */
export function unknownPerson(id: number): string {
  return `Invalid pk "${id}" - object does not exist.`
}
