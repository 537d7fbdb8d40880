import { EventEmitter, once } from 'node:events'
import type {
  Backend,
  Claims,
  CommandResult,
  DeliveryReport,
  IssuedCommand,
  MissedConversation,
  MissedQuestion,
  PresenceChange,
  RoomQuestion,
  RoomState,
  Roster,
  SeenUsers,
  Seq,
  UserId
} from '@rendezvous/contract'

type Call = {
  [Name in keyof Backend]: { readonly name: Name; readonly entries: Parameters<Backend[Name]>[0] }
}[keyof Backend]

/** An api whose answers a test sets, and which records its calls. */
export interface FakeBackend extends Backend {
  readonly calls: Call[]
  /** All entries of the calls of that name so far. */
  asked<Name extends keyof Backend>(name: Name): Parameters<Backend[Name]>[0][number][]
  /** Resolves with those entries once there are `count`. */
  whenAsked<Name extends keyof Backend>(name: Name, count: number): Promise<Parameters<Backend[Name]>[0][number][]>
  /** Makes further calls of that name await `before` first. */
  interpose<Name extends keyof Backend>(name: Name, before: () => Promise<void>): void
  answers: {
    alive: (claims: Claims) => boolean
    roster: (claims: Claims) => Roster
    rooms: (question: RoomQuestion) => RoomState
    missed: (question: MissedQuestion) => MissedConversation[] | null
    execute: (command: IssuedCommand) => CommandResult
  }
}

export const emptyRoster: Roster = { alive: true, rooms: [], contacts: [], head: 0 }

export function fakeBackend(): FakeBackend {
  const calls: Call[] = []
  const recorded = new EventEmitter()
  const interposed = new Map<keyof Backend, () => Promise<void>>()

  async function record(call: Call): Promise<void> {
    calls.push(call)
    recorded.emit('call')
    await interposed.get(call.name)?.()
  }

  function asked<Name extends keyof Backend>(name: Name): Parameters<Backend[Name]>[0][number][] {
    return calls.filter(call => call.name === name).flatMap(call => [...call.entries]) as never
  }

  const backend: FakeBackend = {
    calls,
    asked,
    async whenAsked(name, count) {
      while (asked(name).length < count) await once(recorded, 'call')
      return asked(name)
    },
    interpose: (name, before) => void interposed.set(name, before),
    answers: {
      alive: () => true,
      roster: () => emptyRoster,
      rooms: ({ userIds }) => ({ membersSeq: 1 as Seq, headSeq: 1 as Seq, memberIds: userIds }),
      missed: () => [],
      execute: () => ({ ok: true, result: {} })
    },
    async alive(entries: readonly Claims[]) {
      await record({ name: 'alive', entries })
      return entries.map(entry => backend.answers.alive(entry))
    },
    async roster(entries: readonly Claims[]) {
      await record({ name: 'roster', entries })
      return entries.map(entry => backend.answers.roster(entry))
    },
    async rooms(entries: readonly RoomQuestion[]) {
      await record({ name: 'rooms', entries })
      return entries.map(entry => backend.answers.rooms(entry))
    },
    async missed(entries: readonly MissedQuestion[]) {
      await record({ name: 'missed', entries })
      return entries.map(entry => backend.answers.missed(entry))
    },
    async execute(entries: readonly IssuedCommand[], answer) {
      await record({ name: 'execute', entries })
      for (const [index, entry] of entries.entries()) answer(index, backend.answers.execute(entry))
    },
    delivered: (entries: readonly DeliveryReport[]) => record({ name: 'delivered', entries }),
    deliverWaiting: (entries: readonly UserId[]) => record({ name: 'deliverWaiting', entries }),
    presenceChanged: (entries: readonly PresenceChange[]) => record({ name: 'presenceChanged', entries }),
    seen: (entries: readonly SeenUsers[]) => record({ name: 'seen', entries })
  }
  return backend
}
