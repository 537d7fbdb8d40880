import {
  accessTokenNotValid,
  type ChangePasswordRequest,
  type Claims,
  invalid,
  type LoginAnswer,
  type LoginRequest,
  noActiveAccount,
  notFound,
  type PasswordChanged,
  type Profile,
  type ProfileUpdate,
  type RegisterRequest,
  type TokenPair,
  type User,
  type UserId,
  type UserStatus
} from '@rendezvous/contract'
import type { OldHashes } from '../ports/old-hashes.ts'
import type { Credentials, ProfileRow, Saved, Users } from '../ports/users.ts'
import type { Failures } from './failures.ts'
import { normalizedEmail, passwordErrors, profileChanges, profileErrors, takenErrors, throwAll } from './identity.ts'
import type { Asker, Passwords } from './passwords.ts'
import { ownProfile, seenUser } from './profile.ts'
import type { Device, SessionService } from './sessions.ts'

/** What accounts need to know and to say of presence. */
export interface PresenceView {
  /** Those of `userIds` who are seen online. */
  online(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>>
  /** The person says how he wants to be seen. */
  declare(userId: UserId, online: boolean): Promise<void>
  /** Does what may change who sees the person, then tells those who see him no more, or anew. */
  revealing<T>(userId: UserId, change: () => Promise<T>): Promise<T>
}

/** What accounts stand on. */
export interface AccountServiceOptions {
  readonly users: Users
  readonly sessions: Pick<SessionService, 'open' | 'changePassword'>
  readonly passwords: Passwords
  readonly oldHashes: Pick<OldHashes, 'renew'>
  readonly failures: Failures
  readonly presence: PresenceView
}

/** Accounts: made, signed in to, shown and changed. */
export type AccountService = ReturnType<typeof accountService>

/** The accounts kept in `users`. */
export function accountService(options: AccountServiceOptions) {
  const { users, sessions, passwords, oldHashes, failures, presence } = options

  async function isOnline(userId: UserId): Promise<boolean> {
    return (await presence.online([userId])).has(userId)
  }

  async function ownRow(userId: UserId): Promise<ProfileRow> {
    const row = await users.findProfile(userId)
    if (row === null) throw accessTokenNotValid()
    return row
  }

  /** The hash of who has just given his `password`: one of our own, if it was another system's. */
  async function renewed({ userId, passwordHash }: Credentials, password: string, asker: Asker): Promise<string> {
    if (!passwords.isOld(passwordHash)) return passwordHash
    const next = await passwords.hash(password, asker)
    if (await oldHashes.renew(userId, passwordHash, next)) return next

    const now = await users.findCredentials({ userId }) // another log-in was sooner, or the password is another by now
    const stillFits = now !== null && (await passwords.verify(now.passwordHash, password, asker))
    return stillFits ? now.passwordHash : passwordHash
  }

  /** @throws noActiveAccount, after the same work, for an unknown name, a wrong password and an inactive person; throttled after too many. */
  async function logIn(request: LoginRequest, device: Device): Promise<{ userId: UserId; pair: TokenPair }> {
    const found = await users.findCredentials({ login: request.username })
    const userId = found?.userId ?? null
    const trial = await failures.ofLogin({ name: request.username, userId, ip: device.ip })
    const fits = await passwords.verify(found?.active ? found.passwordHash : null, request.password, device)
    if (found === null || !fits) {
      await trial.failed()
      throw noActiveAccount()
    }

    await trial.passed()
    const pair = await sessions.open(found.userId, await renewed(found, request.password, device), device)
    if (pair === null) throw noActiveAccount()
    return { userId: found.userId, pair }
  }

  return {
    /** Makes an account and answers its profile.
     *  @throws invalid naming each field that breaks a rule or is taken; throttled when too many passwords wait to be hashed. */
    async register(request: RegisterRequest, asker: Asker): Promise<Profile> {
      const { password, password_confirm: confirmation, username, email, ...profile } = request
      const mail = email === undefined ? {} : { email: normalizedEmail(email) }
      const changes = profileChanges({ username, ...mail, ...profile })
      throwAll({ ...profileErrors(changes), ...passwordErrors('password', password, confirmation) })
      const passwordHash = await passwords.hash(password, asker)
      const saved = await users.register({ ...changes, username: changes.username ?? username, passwordHash })
      return ownProfile(profileOf(saved), false)
    },

    /** Begins a session for a user name or an e-mail address, in any case, and its password.
     *  @throws noActiveAccount; throttled as above. */
    async logIn(request: LoginRequest, device: Device): Promise<TokenPair> {
      return (await logIn(request, device)).pair
    },

    /** The same, with the profile beside the tokens. */
    async logInWithProfile(request: LoginRequest, device: Device): Promise<LoginAnswer> {
      const { userId, pair } = await logIn(request, device)
      const [row, online] = await Promise.all([ownRow(userId), isOnline(userId)])
      return { token: pair.access, ...pair, user: ownProfile(row, online) }
    },

    async profile(userId: UserId): Promise<Profile> {
      const [row, online] = await Promise.all([ownRow(userId), isOnline(userId)])
      return ownProfile(row, online)
    },

    /** Changes the fields that are given, and answers the whole profile.
     *  @throws invalid as for `register`. */
    async updateProfile(userId: UserId, request: ProfileUpdate): Promise<Profile> {
      const changes = profileChanges(request)
      throwAll(profileErrors(changes))
      const update = () => users.update(userId, changes)
      const saved = await (changes.lastSeenVisibility === undefined ? update() : presence.revealing(userId, update))
      if (saved === null) throw accessTokenNotValid()
      return ownProfile(profileOf(saved), await isOnline(userId))
    },

    /** A person as `viewerId` sees him.
     *  @throws notFound when he is absent or deleted, or one of the two has blocked the other. */
    async user(viewerId: UserId, userId: UserId): Promise<User> {
      const row = await users.findVisible(viewerId, userId)
      if (row === null) throw notFound()
      return seenUser(row, await presence.online([userId]))
    },

    /** Changes the password, ends all other sessions and begins a new one. The access token of this request lives on until it expires.
     *  @throws invalid naming `new_password` when it breaks a rule, `old_password` when it is not the password; throttled as above. */
    async changePassword(caller: Claims, request: ChangePasswordRequest, device: Device): Promise<PasswordChanged> {
      const { old_password: old, new_password: next, new_password_confirm: confirmation } = request
      throwAll(passwordErrors('new_password', next, confirmation))
      const found = await users.findCredentials({ userId: caller.userId })
      if (found === null || !found.active) throw accessTokenNotValid()
      const trial = await failures.ofChange(caller.sessionId)
      if (!(await passwords.verify(found.passwordHash, old, device))) {
        await trial.failed()
        throw wrongPassword()
      }

      await trial.passed()
      const hashes = { currentHash: found.passwordHash, newHash: await passwords.hash(next, device) }
      const pair = await sessions.changePassword(caller, hashes, device)
      if (pair === null) throw wrongPassword()
      return { detail: 'Password changed successfully.', ...pair }
    },

    /** The caller says whether he wants to be seen online, and how he stands now is answered. */
    async updateStatus(userId: UserId, online: boolean): Promise<UserStatus> {
      await presence.declare(userId, online)
      const row = await ownRow(userId)
      const { id, is_online, status, last_seen } = ownProfile(row, await isOnline(userId))
      return { id, is_online, online: is_online, status, last_seen }
    }
  }
}

/** @throws invalid naming the fields that are another's. */
function profileOf(saved: Saved): ProfileRow {
  if (!saved.ok) throw invalid(takenErrors(saved.taken))
  return saved.profile
}

function wrongPassword() {
  return invalid({ old_password: ['Wrong password.'] })
}
