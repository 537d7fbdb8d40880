import type { Transaction } from '@rendezvous/api'
import { type ConversationId, limits } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { SourceConversation } from '../source/conversations.ts'
import { growGroups, type Joiner, lockForStrangers } from '../target/conversations.ts'
import type { KnownConversation } from '../target/imported.ts'
import { membersOf, type People } from './members.ts'
import { roomsOf } from './rooms.ts'

/** One who is in a group there that came before, and what the report calls it. */
type Named = Joiner & { readonly name: string }

/** Brings those into groups that came before who are new in them. A direct conversation has its two for ever: nobody joins it. */
export async function bringJoiners(
  on: Transaction,
  conversations: readonly SourceConversation[],
  known: ReadonlyMap<string, KnownConversation>,
  people: People,
  notes: Notes
): Promise<void> {
  const joiners = conversations.flatMap(from => joinersOf(from, known.get(from.key) ?? null, people, notes))
  if (joiners.length === 0) return
  const strangers = await lockForStrangers(on, joiners)
  const rooms = await roomsOf(
    on,
    strangers.map(({ person }) => person)
  )
  const sizes = new Map<ConversationId, number>()
  const admitted = strangers.filter(({ id, person, members, name }) => {
    const size = sizes.get(id) ?? members
    const problem = size >= limits.groupMembers ? 'too_many_members' : rooms.enter(person) ? null : 'too_many_rooms'
    if (problem === null) sizes.set(id, size + 1)
    else notes.leaveOut('members', problem, name)
    return problem === null
  })
  await growGroups(on, admitted)
  notes.count('members', 'brought', admitted.length)
}

function joinersOf(from: SourceConversation, known: KnownConversation | null, people: People, notes: Notes): Named[] {
  if (known === null || known.id === null) return []
  const { id, low, high } = known
  const present = membersOf(from.key, from.present, people, notes)
  if (low === null) return present.map(({ id: person, name }) => ({ id, person, name }))
  for (const { id: person, name } of present)
    if (person !== low && person !== high) notes.leaveOut('members', 'reshaped', name)
  return []
}
