import type { Transaction } from '@rendezvous/api'
import { limits, type UserId } from '@rendezvous/contract'
import { countRooms } from '../target/conversations.ts'

/** How many more groups people can be in, within one transaction. */
export interface Rooms {
  /** Counts one more for `person`; false, and counts nothing, when he is in `limits.roomsPerPerson` already. */
  enter(person: UserId): boolean
}

/** What room `people` have. */
export async function roomsOf(on: Transaction, people: Iterable<UserId>): Promise<Rooms> {
  const counts = await countRooms(on, people)
  return {
    enter(person) {
      const rooms = counts.get(person) ?? 0
      if (rooms >= limits.roomsPerPerson) return false
      counts.set(person, rooms + 1)
      return true
    }
  }
}
