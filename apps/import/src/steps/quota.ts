import type { Transaction } from '@rendezvous/api'
import { limits, type UserId } from '@rendezvous/contract'
import { countGroups } from '../target/conversations.ts'

/** Counts, within one transaction, the groups that people are in. */
export interface GroupQuota {
  /** Counts one more group for `person`. Answers false, and counts nothing, when they are in `limits.roomsPerPerson`. */
  take(person: UserId): boolean
}

/** The quota of `people`, from the groups they are in now. */
export async function groupQuota(on: Transaction, people: Iterable<UserId>): Promise<GroupQuota> {
  const counts = await countGroups(on, people)
  return {
    take(person) {
      const groups = counts.get(person) ?? 0
      if (groups >= limits.roomsPerPerson) return false
      counts.set(person, groups + 1)
      return true
    }
  }
}
