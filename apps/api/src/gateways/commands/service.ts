import type { Limits, Rate } from '@rendezvous/cluster'
import {
  type AckResult,
  type BackendCommand,
  type CommandClass,
  commandClasses,
  invalid,
  type MessageId,
  notFound,
  rateKey,
  throttled,
  type UserId
} from '@rendezvous/contract'
import type { MessageChangeService } from '../../chat/message-changes/service.ts'
import { type MessageService, type Target, textOf } from '../../chat/messages/service.ts'
import type { ReceiptService } from '../../chat/receipts/service.ts'
import type { SyncService } from '../../chat/sync/service.ts'
import type { TypingService } from '../../chat/typing/service.ts'

/** How often a user may send commands of each class; null for no limit. */
export type CommandRates = Readonly<Record<CommandClass, Rate | null>>

/** The services that carry commands out. */
export interface CommandServices {
  readonly messages: Pick<MessageService, 'send' | 'markReadById'>
  readonly messageChanges: Pick<MessageChangeService, 'edit' | 'remove' | 'react'>
  readonly receipts: Pick<ReceiptService, 'read' | 'deliver'>
  readonly sync: SyncService
  readonly typing: TypingService
  readonly limits: Limits
  readonly commandRates: CommandRates
}

type OfType<Type extends BackendCommand['type']> = Extract<BackendCommand, { type: Type }>

/** Carries out a command of `userId` that came over a socket. Its effect is durable when the call resolves. It counts
 *  in the same rate limit as the HTTP request that does the same. @throws ApiError as that request does. */
export type CarryOut = (userId: UserId, command: BackendCommand) => Promise<AckResult>

/** Hands every command of the contract to the service that carries it out. */
export function commandsOver(services: CommandServices): CarryOut {
  const { messages, messageChanges, receipts, sync, typing, limits, commandRates } = services

  async function count(userId: UserId, type: BackendCommand['type']): Promise<void> {
    const name = commandClasses[type]
    const rate = name === null ? null : commandRates[name]
    if (name === null || rate === null) return

    const taken = await limits.take(rateKey(name, userId), rate)
    if (!taken.allowed) throw throttled(taken.retryAfterMs)
  }

  async function send(userId: UserId, command: OfType<'send_message'>): Promise<AckResult> {
    const sent = await messages.send(userId, targetOf(command), textOf(command))
    const { id, conversation, client_id, created_at, duplicate, seq } = sent
    const gone = {
      ...(sent.deleted ? { deleted: true as const } : {}),
      ...(sent.reply_to_deleted ? { reply_to_deleted: true as const } : {}),
      ...droppedOf(sent.dropped_mentions)
    }
    return { id, conversation_id: conversation, client_id, created_at, duplicate, seq, ...gone }
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
    const edited = command.type === 'edit_message' ? await messageChanges.edit(which, command) : null
    const place =
      command.type === 'edit_message'
        ? (edited?.seq ?? null)
        : command.type === 'delete_message'
          ? await messageChanges.remove(which)
          : await messageChanges.react(which, command.emoji, command.type === 'add_reaction')
    const seq = place === null ? {} : { seq: place }
    return { id: messageId, conversation_id: conversationId, ...seq, ...droppedOf(edited?.droppedMentions ?? []) }
  }

  return async (userId, command) => {
    await count(userId, command.type)
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
        return { sync: await sync.read(userId, command) }
    }
  }
}

/** The mentions that were dropped, if any. */
function droppedOf(mentions: readonly UserId[]): Pick<AckResult, 'dropped_mentions'> {
  return mentions.length === 0 ? {} : { dropped_mentions: [...mentions] }
}

function targetOf({ conversation_id: conversationId, to }: OfType<'send_message' | 'typing'>): Target {
  if (conversationId !== undefined && to === undefined) return { conversationId }
  if (to !== undefined && conversationId === undefined) return { receiverId: to }
  throw invalid({ non_field_errors: ['Name either conversation_id or to.'] })
}
