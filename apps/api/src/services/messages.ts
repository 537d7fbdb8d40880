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
import type { Conversations } from '../ports/conversations.ts'
import type { Appended, Draft, Message, MessagePage, MessagePlace, Messages, MessageWindow } from '../ports/messages.ts'
import type { Announcer } from './announcer.ts'
import { appender, sentMessage } from './append.ts'
import { directory } from './directory.ts'
import type { ReceiptService } from './receipts.ts'
import { messageView, sentView } from './views.ts'

/** Where a message goes: into a conversation, or to a person. */
export type Target = { readonly conversationId: ConversationId } | { readonly receiverId: UserId }

/** What a client wants stored. Without a `clientId` a repetition is another message. */
export interface Text {
  readonly content: string
  readonly clientId?: string | undefined
  /** The message this one answers. */
  readonly replyTo?: MessageId | null | undefined
  /** Members who are named in it. */
  readonly mentions?: readonly UserId[] | undefined
}

/** The text of a send, as either transport brings it. */
export function textOf({ content, client_id, reply_to, mentions }: Static<typeof SendToConversation>): Text {
  return { content, clientId: client_id, replyTo: reply_to, mentions }
}

/** Which messages: before one, after one, by ids or by seqs a cursor had. */
export interface Between {
  readonly before?: MessageId | undefined
  readonly after?: MessageId | undefined
  readonly beforeSeq?: Seq | undefined
  readonly afterSeq?: Seq | undefined
  readonly limit: number
}

/** Messages oldest first, and whether there are more beyond them. */
export interface History {
  readonly messages: readonly MessageView[]
  readonly hasMore: boolean
}

/** What messages stand on. */
export interface MessageServiceOptions {
  readonly messages: Messages
  readonly conversations: Pick<Conversations, 'openDirect' | 'findDirect'>
  readonly receipts: Pick<ReceiptService, 'read'>
  readonly announcer: Pick<Announcer, 'announce'>
  /** A new uuid. */
  readonly newId: () => string
  readonly clock: () => number
}

/** Messages: sent, listed, read. */
export type MessageService = ReturnType<typeof messageService>

/** The messages kept in `messages`. Sends of this node join into batches. */
export function messageService({ messages, conversations, receipts, announcer, newId, clock }: MessageServiceOptions) {
  const append = appender(messages, announcer)
  const direct = directory(conversations, announcer, clock)

  function draftOf(senderId: UserId, conversationId: ConversationId, text: Text): Draft {
    const { content, clientId, replyTo = null, mentions = [] } = text
    const once = mentions.length > 1 ? [...new Set(mentions)] : mentions
    const named = clientId?.toLowerCase() ?? newId()
    return { senderId, conversationId, content, replyTo, mentions: once, kind: 1, clientId: named }
  }

  async function answer(draft: Draft, appended: Appended): Promise<SentMessage> {
    if (appended.status === 'created') return sentView(sentMessage(draft, appended), false)
    if (appended.status !== 'duplicate') throw refusals[appended.status]()

    const first = await messages.findForMember(draft.conversationId, appended.id, draft.senderId)
    return sentView(first ?? sentMessage(draft, appended), true)
  }

  /** A conversation that was left in the meantime, or that another node opened anew, is looked up once more. */
  async function sendToPerson(callerId: UserId, receiverId: UserId, text: Text): Promise<SentMessage> {
    if (receiverId === callerId) throw invalid({ receiver: ['You cannot send a message to yourself.'] })

    const stable = { ...text, clientId: text.clientId ?? newId() }
    const known = await direct.find(callerId, receiverId)
    const draft = known === null ? null : draftOf(callerId, known, stable)
    const appended = draft === null ? null : await append(draft)
    if (draft !== null && appended !== null && appended.status !== 'not_found') return answer(draft, appended)

    const opened = await direct.open(callerId, receiverId)
    if (opened === null) throw invalid({ receiver: [unknownPerson(receiverId)] })
    const second = draftOf(callerId, opened, stable)
    return answer(second, await append(second))
  }

  async function windowOf(callerId: UserId, conversationId: ConversationId, between: Between): Promise<MessageWindow> {
    const locate = async (id: MessageId | undefined, seq: Seq | undefined) => {
      if (id === undefined) return seq
      const found = await messages.locate(conversationId, id, callerId)
      if (found === null) throw notFound()
      return found
    }
    const beforeSeq = await locate(between.before, between.beforeSeq)
    const afterSeq = await locate(between.after, between.afterSeq)
    return {
      limit: between.limit,
      ...(beforeSeq === undefined ? {} : { beforeSeq }),
      ...(afterSeq === undefined ? {} : { afterSeq })
    }
  }

  return {
    /** Stores a message and tells both people; durable when it resolves. A repeated `clientId` answers the first message, `duplicate: true`.
     *  @throws notFound when the conversation is absent, not the caller's, or across a block; clientIdConflict when this `clientId` was
     *  another text; invalid for a text that is none, for oneself, and for a receiver who is absent or across a block. */
    async send(callerId: UserId, target: Target, text: Text): Promise<SentMessage> {
      const problem = textProblem(text.content, limits.messageCharacters)
      if (problem !== null) throw invalid({ content: [problem] })
      if ('receiverId' in target) return sendToPerson(callerId, target.receiverId, text)

      const draft = draftOf(callerId, target.conversationId, text)
      return answer(draft, await append(draft))
    },

    /** Messages of a conversation, oldest first; the newest unless `between` says otherwise.
     *  @throws notFound when the conversation, or a message it names, is absent or not the caller's. */
    async list(callerId: UserId, conversationId: ConversationId, between: Between): Promise<History> {
      const page = await messages.page(conversationId, callerId, await windowOf(callerId, conversationId, between))
      if (page === null) throw notFound()
      return { messages: page.messages.map(messageView), hasMore: page.hasMore }
    },

    /** Messages with a person, which are read by that; none when he is absent, across a block, or nothing was said. */
    async readWith(callerId: UserId, peerId: number, between: Between): Promise<History> {
      if (!isUserId(peerId)) return nothing
      const conversationId = await conversations.findDirect(callerId, peerId)
      if (conversationId === null) return nothing

      const page = await messages.page(conversationId, callerId, await windowOf(callerId, conversationId, between))
      const last = page?.messages.at(-1)
      if (page === null || last === undefined) return nothing
      if ((await receipts.read(callerId, conversationId, last.seq)) === null) return nothing
      return asRead(callerId, page)
    },

    /** A message, and with it all before, was read.
     *  @throws notFound when it is absent, not for the caller to see, or across a block. */
    async markRead(callerId: UserId, conversationId: ConversationId, messageId: MessageId): Promise<MessageView> {
      const message = await messages.findForMember(conversationId, messageId, callerId)
      if (message === null) throw notFound()
      if ((await receipts.read(callerId, conversationId, message.seq)) === null) throw notFound()
      return messageView(readBy(callerId, message))
    },

    /** The same for a client that does not know the conversation. Answers which it is, and up to where he has read there now.
     *  @throws notFound as above, and when the conversation is none of the caller's last changed ones. */
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

const nothing: History = { messages: [], hasMore: false }

/** Of one's own messages it is the other person's reading that counts; in a group nobody's is the status. */
function readBy(readerId: UserId, message: Message): Message {
  if (message.senderId === readerId) return message
  return { ...message, status: message.receiverId === null ? message.status : 'read', isRead: true }
}

function asRead(readerId: UserId, page: MessagePage): History {
  return { messages: page.messages.map(message => messageView(readBy(readerId, message))), hasMore: page.hasMore }
}

/** Django REST framework's words for an id that names nobody. */
export function unknownPerson(id: number): string {
  return `Invalid pk "${id}" - object does not exist.`
}
