import type { UserId } from '@rendezvous/contract'

/** A user name whose keys are not reserved yet. `email` is '' for none. */
export interface UnkeyedName {
  readonly userId: UserId
  readonly username: string
  readonly email: string
}

/** The keys of one user name. */
export interface KeyedName {
  readonly userId: UserId
  readonly username: string
  readonly keys: readonly string[]
}

/** The user names that were imported, or stored by an earlier release. */
export interface UnkeyedNames {
  /** At most `limit` of them, by ascending id. */
  read(limit: number): Promise<UnkeyedName[]>
  /** Reserves keys that are free, and skips names that changed since they were read. A key that another user has stays
   *  theirs: both names stay. Calls of several workers may overlap. */
  reserve(names: readonly KeyedName[]): Promise<void>
}
