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
import type { Timers } from '../timers.ts'
import { type BatchCall, gathering } from './gathering.ts'

/** Calls to the api for single sockets. Calls of several sockets are sent in one batch. Each rejects when the api
 *  cannot be reached: then it is unknown whether it was carried out. */
export interface BatchedBackend {
  alive(claims: Claims): Promise<boolean>
  roster(claims: Claims): Promise<Roster>
  rooms(question: RoomQuestion): Promise<RoomState>
  missed(question: MissedQuestion): Promise<readonly MissedConversation[] | null>
  execute(command: IssuedCommand): Promise<CommandResult>
  deliverWaiting(userId: UserId): Promise<void>
}

/** Gathers single calls into batches of at most `limits.backendBatch` entries. An entry waits only while a call of its
 *  method is under way, and at most `delayMs`. */
export function batchedBackend(backend: Backend, timers: Timers, delayMs: number): BatchedBackend {
  const gathered = <Entry, Answer>(call: BatchCall<Entry, Answer>) =>
    gathering(call, { timers, delayMs, size: limits.backendBatch })

  const execute = gathered(backend.execute)
  const sync = gathered(backend.execute) // apart, so that its long answers do not delay a send
  return {
    alive: gathered(together(backend.alive)),
    roster: gathered(together(backend.roster)),
    rooms: gathered(together(backend.rooms)),
    missed: gathered(together(backend.missed)),
    execute: issued => (issued.command.type === 'sync' ? sync : execute)(issued),
    deliverWaiting: gathered(
      together(async (userIds: readonly UserId[]) => {
        await backend.deliverWaiting([...new Set(userIds)])
        return userIds.map(() => undefined)
      })
    )
  }
}

/** Makes a batch call of a method that answers all entries together, in their order. */
function together<Entry, Answer>(
  call: (entries: readonly Entry[]) => Promise<readonly Answer[]>
): BatchCall<Entry, Answer> {
  return async (entries, answer) => {
    const answers = await call(entries)
    for (const [index, each] of answers.entries()) answer(index, each)
  }
}
