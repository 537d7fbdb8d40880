import type { Transaction } from '@rendezvous/api'
import { type ConversationId, limits } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { SourceConversation } from '../source/conversations.ts'
import { addMembers, lockForNewMembers, type NewMember } from '../target/conversations.ts'
import type { KnownConversation } from '../target/imported.ts'
import { membersOf, type People } from './members.ts'
import { groupQuota } from './quota.ts'

/** A member of an imported group, and their name in the report. */
type NamedMember = NewMember & { readonly name: string }

/** Adds new members to groups that an earlier run imported. Nobody can join a direct conversation. */
export async function importNewMembers(
  on: Transaction,
  conversations: readonly SourceConversation[],
  known: ReadonlyMap<string, KnownConversation>,
  people: People,
  notes: Notes
): Promise<void> {
  const newMembers = conversations.flatMap(from => newMembersOf(from, known.get(from.key) ?? null, people, notes))
  if (newMembers.length === 0) return
  const candidates = await lockForNewMembers(on, newMembers)
  const quota = await groupQuota(
    on,
    candidates.map(({ person }) => person)
  )
  const sizes = new Map<ConversationId, number>()
  const admitted = candidates.filter(({ id, person, members, name }) => {
    const size = sizes.get(id) ?? members
    const problem = size >= limits.groupMembers ? 'too_many_members' : quota.take(person) ? null : 'too_many_rooms'
    if (problem === null) sizes.set(id, size + 1)
    else notes.leaveOut('members', problem, name)
    return problem === null
  })
  await addMembers(on, admitted)
  notes.count('members', 'brought', admitted.length)
}

function newMembersOf(
  from: SourceConversation,
  known: KnownConversation | null,
  people: People,
  notes: Notes
): NamedMember[] {
  if (known === null || known.id === null) return []
  const { id, low, high } = known
  const present = membersOf(from.key, from.present, people, notes)
  if (low === null) return present.map(({ id: person, name }) => ({ id, person, name }))
  for (const { id: person, name } of present)
    if (person !== low && person !== high) notes.leaveOut('members', 'reshaped', name)
  return []
}
