import { ApiError, type ListedPerson, type UserId } from '@rendezvous/contract'
import type { Directory, ListedRow, PeopleList } from './port.ts'

/** A page of people. `next` is the id below which the next page begins, and null on the last page. */
export interface People {
  readonly people: readonly ListedPerson[]
  readonly next: UserId | null
}

/** Lists people. */
export type DirectoryService = ReturnType<typeof directoryService>

/** The service over the port `directory`. `peopleList` is the operator's choice of what it shows. */
export function directoryService(options: { readonly directory: Directory; readonly peopleList: PeopleList }) {
  const { directory, peopleList } = options

  return {
    /** The other people whom the viewer may see, the newest accounts first.
     *  @throws people_list_off when the operator lists nobody. */
    async list(
      viewerId: UserId,
      { limit, before }: { readonly limit: number; readonly before?: UserId | undefined }
    ): Promise<People> {
      if (peopleList === 'off') throw new ApiError('people_list_off')
      const rows = await directory.page(viewerId, { limit: limit + 1, before })
      const shown = rows.slice(0, limit)
      const people = shown.map(row => listed(row, peopleList === 'emails'))
      return { people, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null }
    }
  }
}

/** The first backend's client shows the name or else the address. It fails on an entry with neither. */
function listed({ id, username, firstName, lastName, email }: ListedRow, withEmail: boolean): ListedPerson {
  const isNameless = firstName.trim() === '' && lastName.trim() === '' && (!withEmail || email === '')
  const names = { id, first_name: isNameless ? username : firstName, last_name: lastName }
  return withEmail ? { ...names, email } : names
}
