import type { UserId } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { KnownPerson } from '../target/imported.ts'

/** The imported people of the source, by key. */
export type People = ReadonlyMap<string, KnownPerson>

/** A member who was imported, and their name in the report. */
export interface Member {
  readonly id: UserId
  readonly name: string
}

/** Those of a conversation's `members` (keys) who were imported. The others are recorded as left out. */
export function membersOf(conversation: string, members: readonly string[], people: People, notes: Notes): Member[] {
  return members.flatMap(member => {
    const name = `${conversation}: ${member}`
    const id = people.get(member)?.id ?? null
    if (id === null) notes.leaveOut('members', 'unknown_person', name)
    return id === null ? [] : [{ id, name }]
  })
}
