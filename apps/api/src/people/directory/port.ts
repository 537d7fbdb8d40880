import type { UserId } from '@rendezvous/contract'

/** What the list of people shows: nothing, names, or names and addresses. */
export type PeopleList = 'off' | 'names' | 'emails'

/** A person as the list reads them. */
export interface ListedRow {
  readonly id: UserId
  readonly username: string
  readonly firstName: string
  readonly lastName: string
  /** '' when none. */
  readonly email: string
}

/** The list of people. */
export interface Directory {
  /** The newest `limit` accounts with an id below `before`, or of all, newest first. It leaves out the viewer, inactive
   *  and deleted people, and everybody across a block. */
  page(viewerId: UserId, page: { readonly limit: number; readonly before?: UserId | undefined }): Promise<ListedRow[]>
}
