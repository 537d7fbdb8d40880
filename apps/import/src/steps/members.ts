import type { UserId } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { KnownPerson } from '../target/imported.ts'

/** Who of the source is here, by key. */
export type People = ReadonlyMap<string, KnownPerson>

/** A member who is here, and what the report calls him. */
export interface Member {
  readonly id: UserId
  readonly name: string
}

/** Those of a conversation's `members`, given by key, who are here; the others are noted. */
export function membersOf(conversation: string, members: readonly string[], people: People, notes: Notes): Member[] {
  return members.flatMap(member => {
    const name = `${conversation}: ${member}`
    const id = people.get(member)?.id ?? null
    if (id === null) notes.leaveOut('members', 'unknown_person', name)
    return id === null ? [] : [{ id, name }]
  })
}
