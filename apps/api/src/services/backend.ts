import {
  ApiError,
  type Backend,
  type Claims,
  type CommandResult,
  type ConversationId,
  type IssuedCommand,
  type Roster,
  type Seq,
  type UserId
} from '@rendezvous/contract'
import type { Conversations } from '../ports/conversations.ts'
import type { Users } from '../ports/users.ts'
import type { Warn } from './announcer.ts'
import type { CarryOut } from './commands.ts'
import type { PresenceService } from './presence.ts'
import type { ReceiptService } from './receipts.ts'

/** The services that gateways reach. */
export interface BackendOptions {
  readonly sessions: { isAlive(claims: Claims): Promise<boolean> }
  readonly conversations: Pick<Conversations, 'contacts' | 'rooms' | 'present' | 'heads'>
  readonly users: Pick<Users, 'streamHeads'>
  readonly carryOut: CarryOut
  readonly receipts: ReceiptService
  readonly presence: Pick<PresenceService, 'changed'>
  /** Whether an error says that something behind this node is out of reach for now. */
  readonly isOutage: (thrown: unknown) => boolean
  readonly warn: Warn
}

/** What gateways ask of the api, over its services. */
export function backend(options: BackendOptions): Backend {
  const { sessions, conversations, users, carryOut, receipts, presence, isOutage, warn } = options

  async function execute({ claims, command }: IssuedCommand): Promise<CommandResult> {
    try {
      if (!(await sessions.isAlive(claims))) throw new ApiError('token_not_valid')
      return { ok: true, result: await carryOut(claims.userId, command) }
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) warn(thrown, command.type)
      return refusal(thrown instanceof ApiError ? thrown : new ApiError(isOutage(thrown) ? 'unavailable' : 'internal'))
    }
  }

  return {
    alive: claims => Promise.all(claims.map(each => sessions.isAlive(each))),

    async roster(claims): Promise<Roster[]> {
      const userIds = claims.map(({ userId }) => userId)
      const [alive, contacts, rooms, heads] = await Promise.all([
        Promise.all(claims.map(each => sessions.isAlive(each))),
        conversations.contacts(userIds),
        conversations.rooms(userIds),
        users.streamHeads(userIds)
      ])
      return claims.map((_, index) => ({
        alive: alive[index] ?? false,
        rooms: (rooms[index] ?? []).map(({ id, membersSeq }) => ({ conversationId: id, membersSeq })),
        contacts: contacts[index] ?? [],
        head: heads[index] ?? 0
      }))
    },

    async rooms(questions) {
      const asked = questions.map(({ conversationId: id, userIds }) => ({ id, userIds }))
      const states = await conversations.present(asked)
      return states.map(state => ({
        membersSeq: state?.membersSeq ?? NOTHING,
        headSeq: state?.lastSeq ?? NOTHING,
        memberIds: state?.userIds ?? []
      }))
    },

    async heads(streams) {
      const named = streams.map(nameOf)
      const of = (kind: string) => named.flatMap(name => (name.kind === kind ? [name.id] : []))
      const people = of('user') as UserId[]
      const [found, mine] = await Promise.all([
        conversations.heads(of('conversation') as ConversationId[]),
        users.streamHeads(people)
      ])
      const heads = new Map<string, number>([
        ...found.map(({ id, lastSeq }) => [`conversation:${id}`, lastSeq] as const),
        ...people.map((id, index) => [`user:${id}`, mine[index] ?? 0] as const)
      ])
      return streams.map(stream => heads.get(stream) ?? 0)
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

function refusal({ code, message, fields }: ApiError): CommandResult {
  return { ok: false, code, detail: message, ...(fields === undefined ? {} : { fields }) }
}

const NOTHING = 0 as Seq

function nameOf(stream: string): { readonly kind: string; readonly id: number } {
  const [kind = '', id = ''] = stream.split(':')
  return { kind, id: Number(id) }
}
