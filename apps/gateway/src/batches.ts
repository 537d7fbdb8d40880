import {
  type Backend,
  type Claims,
  type CommandResult,
  type IssuedCommand,
  limits,
  type MissedConversation,
  type MissedQuestion,
  type RoomQuestion,
  type RoomState,
  type Roster,
  type UserId
} from '@rendezvous/contract'
import DataLoader from 'dataloader'
import type { Timers } from './timers.ts'

/** The calls of single sockets to the api, which go out together with those of others. Each rejects when the api cannot be reached. */
export interface BatchedBackend {
  alive(claims: Claims): Promise<boolean>
  roster(claims: Claims): Promise<Roster>
  rooms(question: RoomQuestion): Promise<RoomState>
  missed(question: MissedQuestion): Promise<readonly MissedConversation[] | null>
  execute(command: IssuedCommand): Promise<CommandResult>
  deliverWaiting(userId: UserId): Promise<void>
}

/** Gathers calls for `delayMs`; they go out together, `limits.backendBatch` in each call at most. */
export function batchedBackend(backend: Backend, timers: Timers, delayMs: number): BatchedBackend {
  const batched = <Key, Value>(call: (keys: readonly Key[]) => Promise<readonly Value[]>) =>
    new DataLoader<Key, Value>(call, {
      cache: false,
      maxBatchSize: limits.backendBatch,
      batchScheduleFn: dispatch => void timers.after(delayMs, dispatch)
    })

  const alive = batched((claims: readonly Claims[]) => backend.alive(claims))
  const roster = batched((claims: readonly Claims[]) => backend.roster(claims))
  const rooms = batched((questions: readonly RoomQuestion[]) => backend.rooms(questions))
  const missed = batched((questions: readonly MissedQuestion[]) => backend.missed(questions))
  const execute = batched((commands: readonly IssuedCommand[]) => backend.execute(commands))
  const sync = batched((commands: readonly IssuedCommand[]) => backend.execute(commands)) // long answers keep no send waiting
  const waiting = batched(async (userIds: readonly UserId[]) => {
    await backend.deliverWaiting([...new Set(userIds)])
    return userIds
  })

  return {
    alive: claims => alive.load(claims),
    roster: claims => roster.load(claims),
    rooms: question => rooms.load(question),
    missed: question => missed.load(question),
    execute: issued => (issued.command.type === 'sync' ? sync : execute).load(issued),
    async deliverWaiting(userId) {
      await waiting.load(userId)
    }
  }
}
