import {
  type AckResult,
  ApiError,
  type Backend,
  type Claims,
  type Command,
  type CommandResult,
  type IssuedCommand,
  invalid,
  notFound,
  type Roster,
  type UserId
} from '@rendezvous/contract'
import type { Conversations } from '../ports/conversations.ts'
import type { Warn } from './announcer.ts'
import type { MessageService, Target } from './messages.ts'
import type { PresenceService } from './presence.ts'
import type { ReceiptService } from './receipts.ts'

/** The services that gateways reach. */
export interface BackendOptions {
  readonly sessions: { isAlive(claims: Claims): Promise<boolean> }
  readonly conversations: Pick<Conversations, 'contacts'>
  readonly messages: Pick<MessageService, 'send'>
  readonly receipts: ReceiptService
  readonly presence: Pick<PresenceService, 'changed'>
  readonly warn: Warn
}

/** What gateways ask of the api, over its services. */
export function backend({ sessions, conversations, messages, receipts, presence, warn }: BackendOptions): Backend {
  async function carryOut({ userId }: Claims, command: IssuedCommand['command']): Promise<AckResult> {
    if (command.type === 'send_message') return send(messages, userId, command)

    const { conversation_id, seq } = command
    const move = command.type === 'mark_read' ? receipts.read : receipts.deliver
    if (!(await move(userId, conversation_id, seq))) throw notFound()
    return { conversation_id, seq }
  }

  async function execute({ claims, command }: IssuedCommand): Promise<CommandResult> {
    try {
      if (!(await sessions.isAlive(claims))) throw new ApiError('token_not_valid')
      return { ok: true, result: await carryOut(claims, command) }
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) warn(thrown, command.type)
      return refusal(thrown instanceof ApiError ? thrown : new ApiError('internal'))
    }
  }

  return {
    alive: claims => Promise.all(claims.map(each => sessions.isAlive(each))),

    async roster(claims): Promise<Roster[]> {
      const [alive, contacts] = await Promise.all([
        Promise.all(claims.map(each => sessions.isAlive(each))),
        conversations.contacts(claims.map(({ userId }) => userId))
      ])
      return claims.map((_, index) => ({
        alive: alive[index] ?? false,
        rooms: [],
        contacts: contacts[index] ?? [],
        head: 0
      }))
    },

    execute: commands => Promise.all(commands.map(execute)),

    async delivered(reports) {
      await Promise.all(reports.map(({ userId, conversationId, seq }) => receipts.deliver(userId, conversationId, seq)))
    },

    async deliverWaiting(userIds) {
      await Promise.all(userIds.map(receipts.deliverWaiting))
    },

    presenceChanged: presence.changed
  }
}

type SendCommand = Extract<Command, { type: 'send_message' }>

async function send(messages: Pick<MessageService, 'send'>, userId: UserId, command: SendCommand): Promise<AckResult> {
  const { content, client_id: clientId } = command
  const sent = await messages.send(userId, targetOf(command), { content, clientId })
  const { id, conversation, client_id, created_at, duplicate, seq } = sent
  return { id, conversation_id: conversation, client_id, created_at, duplicate, seq }
}

function targetOf({ conversation_id: conversationId, to }: SendCommand): Target {
  if (conversationId !== undefined && to === undefined) return { conversationId }
  if (to !== undefined && conversationId === undefined) return { receiverId: to }
  throw invalid({ non_field_errors: ['Name either conversation_id or to.'] })
}

function refusal({ code, message, fields }: ApiError): CommandResult {
  return { ok: false, code, detail: message, ...(fields === undefined ? {} : { fields }) }
}
