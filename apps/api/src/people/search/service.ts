import { fieldText, invalid, limits, textProblem, type User, type UserId } from '@rendezvous/contract'
import type { PresenceService } from '../presence/service.ts'
import { seenUser } from '../users/view.ts'
import { type FoundCursor, type PeopleSearch, searchForm } from './port.ts'

/** Users whose keys one run makes. */
const BATCH = 1_000

/** A page of found people. `next` is null on the last page. */
export interface FoundPeople {
  readonly people: readonly User[]
  readonly next: FoundCursor | null
}

/** Finds people by the beginnings of their names. */
export type PeopleSearchService = ReturnType<typeof peopleSearchService>

/** The service over the port `peopleSearch`. */
export function peopleSearchService(options: {
  readonly peopleSearch: PeopleSearch
  readonly presence: Pick<PresenceService, 'online'>
}) {
  const { peopleSearch, presence } = options
  return {
    /** One page of the people whose user name, or whose name from one of its words on, begins with `text`.
     *  @throws invalid for a text that is too long, or too short without what does not count. */
    async find(
      viewerId: UserId,
      { text, ...page }: { readonly text: string; readonly limit: number; readonly after?: FoundCursor | undefined }
    ): Promise<FoundPeople> {
      const problem = textProblem(text, limits.nameCharacters)
      if (problem !== null) throw invalid({ search: [problem] })
      const prefix = searchForm(text)
      if (Array.from(prefix).length < limits.peopleSearchMin)
        throw invalid({ search: [fieldText('min_length', { min: limits.peopleSearchMin })] })
      const { people, next } = await peopleSearch.find(viewerId, { prefix, ...page })
      const online = await presence.online(people.filter(({ hidden }) => !hidden).map(({ id }) => id))
      return { people: people.map(person => seenUser(person, online)), next }
    },

    /** Stores the keys of at most 1,000 users who have none. The worker runs it about every second. */
    async index(): Promise<void> {
      const users = await peopleSearch.unsearched(BATCH)
      if (users.length > 0) await peopleSearch.index(users)
    }
  }
}
