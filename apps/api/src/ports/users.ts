import type { LastSeenVisibility, UserId } from '@rendezvous/contract'

/** A person as others see him. */
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

/** A person as a certain other sees him: `lastSeen` as far as both show theirs, null when `hidden`. */
export interface SeenUser extends PublicUserRow {
  /** His presence is not to be shown: the two are no contacts and the audience is not everyone, he or who asks hides, a block lies between
   *  them, or he is deleted or inactive. */
  readonly hidden: boolean
}

/** A person as he sees himself. */
export interface ProfileRow extends PublicUserRow {
  /** '' when none. */
  readonly email: string
  readonly phone: string
  /** `YYYY-MM-DD` */
  readonly birthDate: string | null
  readonly locale: string
  readonly lastSeenVisibility: LastSeenVisibility
}

/** What a person may set of himself; what is absent stays as it is. */
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
}

/** An account to make: its profile, and the hash of its password. */
export interface NewUser extends ProfileChanges {
  readonly username: string
  readonly passwordHash: string
}

/** What a log-in is checked against. */
export interface Credentials {
  readonly userId: UserId
  readonly passwordHash: string
  /** False when the person may not sign in, whatever the password. */
  readonly active: boolean
}

/** A field that would have made its person reachable by a name that is another's. */
export type TakenField = 'username' | 'email'

/** A person as stored now, or the fields another person holds already; then nothing was stored. */
export type Saved =
  | { readonly ok: true; readonly profile: ProfileRow }
  | { readonly ok: false; readonly taken: readonly TakenField[] }

/** When a person was last there. */
export interface Sighting {
  readonly userId: UserId
  readonly at: Date
}

/**
 * People. User names and e-mail addresses are one space of log-in names, unique without regard to case and Unicode form
 * (see `loginKey`): who holds one can sign in by it, and nobody else can take it as either. A deleted or inactive person is absent,
 * save where said.
 */
export interface Users {
  /** Stores a person and his log-in names, all or nothing. */
  register(user: NewUser): Promise<Saved>
  /** By log-in name (any case) or id; inactive people too. Null when there is none. */
  findCredentials(by: { readonly login: string } | { readonly userId: UserId }): Promise<Credentials | null>
  /** Null when absent. */
  findProfile(userId: UserId): Promise<ProfileRow | null>
  /** Null when absent, or when either has blocked the other. */
  findVisible(viewerId: UserId, userId: UserId): Promise<SeenUser | null>
  /** Stores the changes and keeps the log-in names right, all or nothing. Null when absent. */
  update(userId: UserId, changes: ProfileChanges): Promise<Saved | null>
  /** Whether nobody ever had an account here. */
  isEmpty(): Promise<boolean>
  /** Moves `last_seen` forward, never back. Absent people are ignored. At most 1,000 sightings. */
  saw(sightings: readonly Sighting[]): Promise<void>
  /** The last value of each user's personal stream, under his place; 0 for who is absent. */
  streamHeads(userIds: readonly UserId[]): Promise<number[]>
}

/** The form in which a log-in name is compared: NFKC, in lower case. */
export function loginKey(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC')
}
