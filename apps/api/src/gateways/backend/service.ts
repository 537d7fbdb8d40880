import {
  ApiError,
  type Backend,
  type CommandResult,
  type IssuedCommand,
  type RoomHead,
  type Roster,
  type Seq
} from '@rendezvous/contract'
import type { Warn } from '../../announce/outbox/announcer.ts'
import type { Conversations, Head } from '../../chat/conversations/port.ts'
import type { ReceiptService } from '../../chat/receipts/service.ts'
import type { Sync } from '../../chat/sync/port.ts'
import type { PresenceService } from '../../people/presence/service.ts'
import type { SessionCache } from '../../people/sessions/cache.ts'
import type { Users } from '../../people/users/port.ts'
import type { CarryOut } from '../commands/service.ts'
import { checkCommand } from '../commands/shape.ts'

/** The services that gateways reach. */
export interface BackendOptions {
  readonly sessions: Pick<SessionCache, 'isAlive' | 'areAlive'>
  readonly conversations: Pick<Conversations, 'rooms' | 'present'>
  readonly users: Pick<Users, 'streamHeads'>
  readonly sync: Pick<Sync, 'missed'>
  readonly carryOut: CarryOut
  readonly receipts: ReceiptService
  readonly presence: Pick<PresenceService, 'changed' | 'seen' | 'seenBy'>
  /** Whether the error says that the database or the cluster cannot be reached now. */
  readonly isOutage: (thrown: unknown) => boolean
  readonly warn: Warn
}

/** Answers the calls of gateways with the services of this node. */
export function backend(options: BackendOptions): Backend {
  const { sessions, conversations, users, sync, carryOut, receipts, presence, isOutage, warn } = options

  /** Carries out one command. Never rejects: an error becomes a refusal. */
  async function execute({ claims, command }: IssuedCommand): Promise<CommandResult> {
    try {
      checkCommand(command)
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

    async execute(commands, answer) {
      await Promise.all(commands.map(async (issued, index) => answer(index, await execute(issued))))
    },

    delivered: receipts.reach,

    async deliverWaiting(userIds) {
      await Promise.all(userIds.map(receipts.deliverWaiting))
    },

    presenceChanged: presence.changed,

    seen: presence.seen
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
