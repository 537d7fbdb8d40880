import type { LastSeenVisibility, UserId } from '@rendezvous/contract'

/** The fields of a user that others see. */
export interface PublicUserRow {
  readonly id: UserId
  readonly username: string
  readonly firstName: string
  readonly lastName: string
  readonly bio: string
  readonly avatar: string | null
  readonly gender: string
  readonly location: string
  readonly lastSeen: Date | null
  readonly dateJoined: Date
}

/** A user as one viewer sees them. `lastSeen` is as exact as both users show theirs, and null when `hidden`. */
export interface SeenUser extends PublicUserRow {
  /** True when the viewer must not see the user's presence. Reasons: one of the two hides theirs or has blocked
   *  the other; the user is deleted or inactive; or they are no contacts, unless the audience is `everyone`. */
  readonly hidden: boolean
}

/** A user as one viewer sees them, and their address, which only some paths show. */
export interface VisibleUser extends SeenUser {
  /** '' when none. */
  readonly email: string
}

/** A user's own profile. */
export interface ProfileRow extends PublicUserRow {
  /** '' when none. */
  readonly email: string
  readonly phone: string
  /** `YYYY-MM-DD` */
  readonly birthDate: string | null
  readonly locale: string
  readonly lastSeenVisibility: LastSeenVisibility
  readonly findable: boolean
}

/** The fields that users may set of their profile. Absent fields do not change. */
export interface ProfileChanges {
  readonly username?: string
  readonly email?: string
  readonly firstName?: string
  readonly lastName?: string
  readonly bio?: string
  readonly gender?: string
  readonly location?: string
  readonly phone?: string
  readonly birthDate?: string | null
  readonly locale?: string
  readonly lastSeenVisibility?: LastSeenVisibility
  readonly findable?: boolean
}

/** Keys of a user name, see `nameKeys`: no two users that were given keys share one. */
export interface Named {
  /** Of `username`. Without keys the name may look like another. */
  readonly nameKeys?: readonly string[]
}

/** A new account: its profile and the hash of its password. */
export interface NewUser extends ProfileChanges, Named {
  readonly username: string
  readonly passwordHash: string
}

/** The data that a log-in is checked against. */
export interface Credentials {
  readonly userId: UserId
  readonly passwordHash: string
  /** False when the user may not sign in with any password. */
  readonly active: boolean
}

/** A field whose value is a log-in name of another person, or looks like their user name. */
export type TakenField = 'username' | 'email'

/** The stored profile; or, when nothing was stored, the fields that another person has. */
export type Saved =
  | { readonly ok: true; readonly profile: ProfileRow }
  | { readonly ok: false; readonly taken: readonly TakenField[] }

/** A moment at which a user was online. */
export interface Sighting {
  readonly userId: UserId
  readonly at: Date
}

/**
 * The users. User names and e-mail addresses share one space of log-in names, compared by `loginKey`. A log-in name
 * belongs to one person, who can sign in by it. Nobody else can take it as a user name or address. Methods treat a
 * deleted or inactive user as absent unless they say otherwise.
 */
export interface Users {
  /** Stores a user and their log-in names, atomically. */
  register(user: NewUser): Promise<Saved>
  /** Finds a user by log-in name (in any case) or id, inactive and deleted users too. Null when there is none. */
  findCredentials(by: { readonly login: string } | { readonly userId: UserId }): Promise<Credentials | null>
  /** The user's own profile. Null when absent. */
  findProfile(userId: UserId): Promise<ProfileRow | null>
  /** The user as the viewer sees them. Null when absent, or when either has blocked the other. */
  findVisible(viewerId: UserId, userId: UserId): Promise<VisibleUser | null>
  /** Stores the changes and the log-in names that follow from them, atomically. A user name that stays may look like
   *  another. Null when absent. */
  update(userId: UserId, changes: ProfileChanges & Named): Promise<Saved | null>
  /** Whether there has never been an account. */
  isEmpty(): Promise<boolean>
  /** Moves `last_seen` forward, never back. Ignores unknown users. At most 1,000 entries. */
  saw(sightings: readonly Sighting[]): Promise<void>
  /** The last value of each user's personal stream, in the order of `userIds`; 0 for an unknown user. */
  streamHeads(userIds: readonly UserId[]): Promise<number[]>
}

/** The form in which log-in names are compared: NFKC, in lower case. */
export function loginKey(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC')
}
