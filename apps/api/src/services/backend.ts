import {
  ApiError,
  type Backend,
  type CommandResult,
  type IssuedCommand,
  type RoomHead,
  type Roster,
  type Seq
} from '@rendezvous/contract'
import type { Conversations, Head } from '../ports/conversations.ts'
import type { Sync } from '../ports/sync.ts'
import type { Users } from '../ports/users.ts'
import type { Warn } from './announcer.ts'
import type { CarryOut } from './commands.ts'
import type { Gate } from './gate.ts'
import type { PresenceService } from './presence.ts'
import type { ReceiptService } from './receipts.ts'

/** The services that gateways reach. */
export interface BackendOptions {
  readonly sessions: Pick<Gate, 'isAlive' | 'areAlive'>
  readonly conversations: Pick<Conversations, 'rooms' | 'present'>
  readonly users: Pick<Users, 'streamHeads'>
  readonly sync: Pick<Sync, 'missed'>
  readonly carryOut: CarryOut
  readonly receipts: ReceiptService
  readonly presence: Pick<PresenceService, 'changed' | 'seenBy'>
  /** Whether an error says that something behind this node is out of reach for now. */
  readonly isOutage: (thrown: unknown) => boolean
  readonly warn: Warn
}

/** What gateways ask of the api, over its services. */
export function backend(options: BackendOptions): Backend {
  const { sessions, conversations, users, sync, carryOut, receipts, presence, isOutage, warn } = options

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
    alive: sessions.areAlive,

    async roster(claims): Promise<Roster[]> {
      const userIds = claims.map(({ userId }) => userId)
      const [alive, contacts, rooms, heads] = await Promise.all([
        sessions.areAlive(claims),
        presence.seenBy(userIds),
        conversations.rooms(userIds),
        users.streamHeads(userIds)
      ])
      return claims.map((_, index) => ({
        alive: alive[index] ?? false,
        rooms: (rooms[index] ?? []).map(toRoomHead),
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

    missed: sync.missed,

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

function refusal({ code, message, fields, retryAfter }: ApiError): CommandResult {
  return {
    ...{ ok: false, code, detail: message },
    ...(fields === undefined ? {} : { fields }),
    ...(retryAfter === undefined ? {} : { retryAfter })
  }
}

function toRoomHead({ id, membersSeq, lastSeq }: Head): RoomHead {
  return { conversationId: id, membersSeq, headSeq: lastSeq }
}

const NOTHING = 0 as Seq
