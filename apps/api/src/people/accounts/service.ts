import {
  type ApiError,
  accessTokenNotValid,
  type ChangePasswordRequest,
  type Claims,
  fieldText,
  invalid,
  type LoginAnswer,
  type LoginRequest,
  noActiveAccount,
  notFound,
  type PasswordChanged,
  type Person,
  type Profile,
  type ProfileUpdate,
  type RegisterByEmail,
  type TokenPair,
  type User,
  type UserId,
  type UserStatus
} from '@rendezvous/contract'
import type { SecurityEvent } from '../../audit/port.ts'
import type { AuditService } from '../../audit/service.ts'
import type { PeopleList } from '../directory/port.ts'
import { nameKeys } from '../names/skeleton.ts'
import type { OldHashes } from '../old-hashes/port.ts'
import { type FailureBudgets, nameDigest } from '../passwords/failure-budgets.ts'
import type { Passwords, Requester } from '../passwords/service.ts'
import type { Device, SessionService } from '../sessions/service.ts'
import type { Credentials, ProfileRow, Saved, Users } from '../users/port.ts'
import { ownProfile, seenUser } from '../users/view.ts'
import {
  changesNames,
  generatedName,
  normalizedEmail,
  passwordErrors,
  profileChanges,
  profileErrors,
  takenErrors,
  throwIfAny
} from './profile-fields.ts'
import { type Repeated, withChanged } from './repeated.ts'

/** The part of presence that accounts use. */
export interface PresenceView {
  /** The members of `userIds` who appear online. */
  online(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>>
  /** Stores whether the user wants to appear online. */
  declare(userId: UserId, online: boolean): Promise<void>
  /** Runs `change`, which may change who sees the user's presence. Then notifies watchers who lost or gained sight
   *  of them. */
  revealing<T>(userId: UserId, change: () => Promise<T>): Promise<T>
}

/** The ports and services that accounts use. */
export interface AccountServiceOptions {
  readonly users: Users
  readonly sessions: Pick<SessionService, 'open' | 'changePassword'>
  readonly passwords: Passwords
  readonly oldHashes: Pick<OldHashes, 'renew'>
  readonly failures: FailureBudgets
  readonly audit: Pick<AuditService, 'recordFailure'>
  readonly presence: PresenceView
  /** With `emails`, `person` answers the address. */
  readonly peopleList: PeopleList
  /** A new uuid. */
  readonly newId: () => string
}

/** Creates, shows and changes accounts, and signs users in. */
export type AccountService = ReturnType<typeof accountService>

/** The service of accounts over the port `users`. */
export function accountService(options: AccountServiceOptions) {
  const { users, sessions, passwords, oldHashes, failures, audit, presence, peopleList, newId } = options

  async function isOnline(userId: UserId): Promise<boolean> {
    return (await presence.online([userId])).has(userId)
  }

  async function ownRow(userId: UserId): Promise<ProfileRow> {
    const row = await users.findProfile(userId)
    if (row === null) throw accessTokenNotValid()
    return row
  }

  /** The stored hash after a correct `password`. Replaces a hash of another system by one of our own. */
  async function renewed(
    { userId, passwordHash }: Credentials,
    password: string,
    requester: Requester
  ): Promise<string> {
    if (!passwords.isOld(passwordHash)) return passwordHash
    const next = await passwords.hash(password, requester)
    if (await oldHashes.renew(userId, passwordHash, next)) return next

    const now = await users.findCredentials({ userId }) // another log-in renewed it first, or the password changed
    const stillFits = now !== null && (await passwords.verify(now.passwordHash, password, requester))
    return stillFits ? now.passwordHash : passwordHash
  }

  /** An unknown name, a wrong password and an inactive person cost the same work.
   *  @throws the error of `refusal` for each of them; throttled after too many failures. */
  async function logIn(
    request: LoginRequest,
    device: Device,
    refusal: () => ApiError
  ): Promise<{ userId: UserId; pair: TokenPair }> {
    const found = await users.findCredentials({ login: request.username })
    const userId = found?.userId ?? null
    const check = await failures.beginLogin({ name: request.username, userId, ip: device.ip })
    const fits = await passwords.verify(found?.active ? found.passwordHash : null, request.password, device)
    if (found === null || !fits) {
      await Promise.all([check.failed(), audit.recordFailure(failedLogin(request.username, found, device.ip))])
      throw refusal()
    }

    await check.passed()
    const pair = await sessions.open(found.userId, await renewed(found, request.password, device), device)
    if (pair === null) throw refusal()
    return { userId: found.userId, pair }
  }

  return {
    /** Creates an account and returns its profile. Without a user name, the person signs in by their address. They get
     *  a generated user name, because others see user names (ADR 31).
     *  @throws invalid for each field that breaks a rule or is taken; throttled when too many passwords wait to be
     *  hashed. */
    async register(request: RegisterByEmail, requester: Requester): Promise<Profile> {
      const { password, password_confirm: confirmation, username = generatedName(newId), email, ...profile } = request
      const nameless = request.username === undefined && (email ?? '') === ''
      const mail = email === undefined ? {} : { email: normalizedEmail(email) }
      const changes = profileChanges({ username, ...mail, ...profile })
      throwIfAny({
        ...(nameless ? { email: [fieldText(email === undefined ? 'required' : 'blank')] } : {}),
        ...profileErrors(changes),
        ...passwordErrors('password', password, confirmation)
      })
      const passwordHash = await passwords.hash(password, requester)
      const name = changes.username ?? username
      const saved = await users.register({
        ...changes,
        username: name,
        nameKeys: nameKeys(name, changes.email),
        passwordHash
      })
      return ownProfile(profileOf(saved), false)
    },

    /** Starts a session for a password and a user name or e-mail address, in any letter case.
     *  @throws noActiveAccount when they do not match; throttled after too many failures or when too many
     *  passwords wait. */
    async logIn(request: LoginRequest, device: Device): Promise<TokenPair> {
      return (await logIn(request, device, noActiveAccount)).pair
    },

    /** Like `logIn`, and returns the profile beside the tokens. `refusal` makes the error for wrong credentials. */
    async logInWithProfile(request: LoginRequest, device: Device, refusal = noActiveAccount): Promise<LoginAnswer> {
      const { userId, pair } = await logIn(request, device, refusal)
      const [row, online] = await Promise.all([ownRow(userId), isOnline(userId)])
      return { token: pair.access, ...pair, user: ownProfile(row, online) }
    },

    async profile(userId: UserId): Promise<Profile> {
      const [row, online] = await Promise.all([ownRow(userId), isOnline(userId)])
      return ownProfile(row, online)
    },

    /** Changes the given fields and returns the whole profile. Of a fact that the request names more than once, the
     *  first value that differs from the stored one counts (ADR 33).
     *  @throws invalid as for `register`. */
    async updateProfile(userId: UserId, request: ProfileUpdate, repeated: Repeated = new Map()): Promise<Profile> {
      const current = repeated.size === 0 ? null : ownProfile(await ownRow(userId), false)
      const changes = profileChanges(current === null ? request : withChanged(request, repeated, current))
      const stored = changesNames(changes) ? await ownRow(userId) : null
      throwIfAny(profileErrors(changes, stored ?? {}))
      const { username, email = stored?.email } = changes
      const keys = username === undefined ? {} : { nameKeys: nameKeys(username, email) }
      const update = () => users.update(userId, { ...changes, ...keys })
      const saved = await (changes.lastSeenVisibility === undefined ? update() : presence.revealing(userId, update))
      if (saved === null) throw accessTokenNotValid()
      return ownProfile(profileOf(saved), await isOnline(userId))
    },

    /** A user as `viewerId` sees them.
     *  @throws notFound when the user is absent, inactive or deleted, or one of the two has blocked the other. */
    async user(viewerId: UserId, userId: UserId): Promise<User> {
      const row = await users.findVisible(viewerId, userId)
      if (row === null) throw notFound()
      return seenUser(row, await presence.online([userId]))
    },

    /** Like `user`, with the address when the server lists people with their addresses.
     *  @throws as `user`. */
    async person(viewerId: UserId, userId: UserId): Promise<Person> {
      const row = await users.findVisible(viewerId, userId)
      if (row === null) throw notFound()
      const seen = seenUser(row, await presence.online([userId]))
      return peopleList === 'emails' ? { ...seen, email: row.email } : seen
    },

    /** Changes the password, ends all sessions and starts a new one. The access token of this request stays valid
     *  until it expires.
     *  @throws invalid for a `new_password` that breaks a rule or a wrong `old_password`; throttled as for
     *  `logIn`. */
    async changePassword(caller: Claims, request: ChangePasswordRequest, device: Device): Promise<PasswordChanged> {
      const { old_password: old, new_password: next, new_password_confirm: confirmation } = request
      throwIfAny(passwordErrors('new_password', next, confirmation))
      const found = await users.findCredentials({ userId: caller.userId })
      if (found === null || !found.active) throw accessTokenNotValid()
      const check = await failures.beginChange(caller.sessionId)
      if (!(await passwords.verify(found.passwordHash, old, device))) {
        const { userId: actorId } = caller
        const subject = { actorId, subjectKind: 'user', subjectId: String(actorId), ip: device.ip, detail: {} } as const
        await Promise.all([check.failed(), audit.recordFailure({ action: 'password_change_failed', ...subject })])
        throw wrongPassword()
      }

      await check.passed()
      const hashes = { currentHash: found.passwordHash, newHash: await passwords.hash(next, device) }
      const pair = await sessions.changePassword(caller, hashes, device)
      if (pair === null) throw wrongPassword()
      return { detail: 'Password changed successfully.', ...pair }
    },

    /** Stores whether the caller wants to appear online, and returns their status. */
    async updateStatus(userId: UserId, online: boolean): Promise<UserStatus> {
      await presence.declare(userId, online)
      const row = await ownRow(userId)
      const { id, is_online, status, last_seen } = ownProfile(row, await isOnline(userId))
      return { id, is_online, online: is_online, status, last_seen, detail: 'Status updated.' }
    }
  }
}

/** @throws invalid for the fields that belong to another person. */
function profileOf(saved: Saved): ProfileRow {
  if (!saved.ok) throw invalid(takenErrors(saved.taken))
  return saved.profile
}

/** A name that nobody has is recorded as a digest: it may be a password that went into the wrong field. */
function failedLogin(name: string, found: Credentials | null, ip: string): SecurityEvent {
  const reason = found === null ? 'unknown' : found.active ? 'password' : 'inactive'
  const subject =
    found === null
      ? ({ subjectKind: 'login', subjectId: nameDigest(name) } as const)
      : ({ subjectKind: 'user', subjectId: String(found.userId) } as const)
  return { action: 'login_failed', actorId: null, ...subject, ip, detail: { reason } }
}

function wrongPassword() {
  return invalid({ old_password: ['Wrong password.'] })
}
