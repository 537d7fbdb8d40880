import type { Limits, Rate } from '@rendezvous/cluster'
import {
  type AckResult,
  type IssuedCommand,
  invalid,
  type MessageId,
  notFound,
  throttled,
  type UserId
} from '@rendezvous/contract'
import type { MessageChangeService } from './message-changes.ts'
import { type MessageService, type Target, textOf } from './messages.ts'
import type { ReceiptService } from './receipts.ts'
import type { SyncService } from './sync.ts'
import type { TypingService } from './typing.ts'

/** The services that carry commands out. */
export interface CommandServices {
  readonly messages: Pick<MessageService, 'send' | 'markReadById'>
  readonly messageChanges: Pick<MessageChangeService, 'edit' | 'remove' | 'react'>
  readonly receipts: Pick<ReceiptService, 'read' | 'deliver'>
  readonly sync: SyncService
  readonly typing: TypingService
  readonly limits: Limits
  /** How often somebody may sync, over HTTP and his sockets together; null for no limit. */
  readonly syncRate: Rate | null
}

/** A command that reaches the api. */
export type Issued = IssuedCommand['command']
type OfType<Type extends Issued['type']> = Extract<Issued, { type: Type }>

/** Carries out what `userId` commands over his socket, durable when it resolves. @throws ApiError as the same request over HTTP. */
export type CarryOut = (userId: UserId, command: Issued) => Promise<AckResult>

/** Every command of the contract, by the service that does it. */
export function commandsOver(services: CommandServices): CarryOut {
  const { messages, messageChanges, receipts, sync, typing, limits, syncRate } = services

  async function send(userId: UserId, command: OfType<'send_message'>): Promise<AckResult> {
    const sent = await messages.send(userId, targetOf(command), textOf(command))
    const { id, conversation, client_id, created_at, duplicate, seq } = sent
    return { id, conversation_id: conversation, client_id, created_at, duplicate, seq }
  }

  async function move(userId: UserId, command: OfType<'mark_read' | 'mark_delivered'>): Promise<AckResult> {
    const { conversation_id, seq } = command
    const position =
      command.type === 'mark_read'
        ? await receipts.read(userId, conversation_id, seq, command.private)
        : await receipts.deliver(userId, conversation_id, seq)
    if (position === null) throw notFound()
    return { conversation_id, seq: position }
  }

  async function readById(userId: UserId, id: MessageId): Promise<AckResult> {
    const { conversationId, seq } = await messages.markReadById(userId, id)
    return { id, conversation_id: conversationId, seq }
  }

  async function change(
    actorId: UserId,
    command: OfType<'edit_message' | 'delete_message' | 'add_reaction' | 'remove_reaction'>
  ): Promise<AckResult> {
    const { conversation_id: conversationId, id: messageId } = command
    const which = { actorId, conversationId, messageId }
    const place =
      command.type === 'edit_message'
        ? await messageChanges.edit(which, command)
        : command.type === 'delete_message'
          ? await messageChanges.remove(which)
          : await messageChanges.react(which, command.emoji, command.type === 'add_reaction')
    return { id: messageId, conversation_id: conversationId, ...(place === null ? {} : { seq: place }) }
  }

  async function catchUp(userId: UserId, command: OfType<'sync'>): Promise<AckResult> {
    const taken = syncRate === null ? null : await limits.take(`sync:${userId}`, syncRate)
    if (taken?.allowed === false) throw throttled(taken.retryAfterMs)
    return { sync: await sync.read(userId, command) }
  }

  return async (userId, command) => {
    switch (command.type) {
      case 'send_message':
        return send(userId, command)
      case 'edit_message':
      case 'delete_message':
      case 'add_reaction':
      case 'remove_reaction':
        return change(userId, command)
      case 'typing':
        return { conversation_id: await typing.set(userId, targetOf(command), command.is_typing) }
      case 'mark_read':
      case 'mark_delivered':
        return move(userId, command)
      case 'message_read':
      case 'read_ack':
        return readById(userId, command.id)
      case 'sync':
        return catchUp(userId, command)
    }
  }
}

function targetOf({ conversation_id: conversationId, to }: OfType<'send_message' | 'typing'>): Target {
  if (conversationId !== undefined && to === undefined) return { conversationId }
  if (to !== undefined && conversationId === undefined) return { receiverId: to }
  throw invalid({ non_field_errors: ['Name either conversation_id or to.'] })
}
