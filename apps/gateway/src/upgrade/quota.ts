import type { Rate } from '@rendezvous/cluster'
import type { UserId } from '@rendezvous/contract'
import type { GatewaySettings } from '../settings.ts'
import type { Timers } from '../timers.ts'

/** The limits of one socket. All counts are of this node and in memory. */
export interface SocketQuota {
  /** Counts a frame of the client. 0 when it is allowed, otherwise the milliseconds until one is. A refused frame does
   *  not count. */
  count(): number
  /** Counts a refused frame. False once the socket must be closed. */
  countRefused(): boolean
  /** Stops counting this socket. Safe to repeat. */
  release(): void
}

/** The limits of the users on this node. */
export interface AccountQuotas {
  /** Counts a socket of the user, before it opens. Null when the user has too many. */
  open(userId: UserId): SocketQuota | null
}

interface Account {
  readonly bucket: Bucket
  sockets: number
}

type Settings = Pick<GatewaySettings, 'socketsPerPerson' | 'framesBySocket' | 'framesByAccount' | 'refusedFrames'>

/** Quotas with no sockets counted. */
export function openQuotas(settings: Settings, now: Timers['now']): AccountQuotas {
  const accounts = new Map<UserId, Account>()

  const shared: Shared = {
    ...settings,
    now,
    onRelease(userId, account) {
      account.sockets -= 1
      if (account.sockets === 0) accounts.delete(userId)
    }
  }

  return {
    open(userId) {
      const account = accounts.get(userId) ?? { bucket: new Bucket(), sockets: 0 }
      if (settings.socketsPerPerson > 0 && account.sockets >= settings.socketsPerPerson) return null

      accounts.set(userId, account)
      account.sockets += 1
      return new AccountSocketQuota(shared, userId, account)
    }
  }
}

/** What all sockets share. */
interface Shared extends Settings {
  readonly now: Timers['now']
  onRelease(userId: UserId, account: Account): void
}

/** A class, because there is one for each socket. */
class AccountSocketQuota implements SocketQuota {
  readonly #shared: Shared
  readonly #userId: UserId
  readonly #account: Account
  readonly #bucket = new Bucket()
  #refused: Bucket | null = null
  #isCounted = true

  constructor(shared: Shared, userId: UserId, account: Account) {
    this.#shared = shared
    this.#userId = userId
    this.#account = account
  }

  count(): number {
    const { framesBySocket, framesByAccount, now } = this.#shared
    const time = now()
    return this.#bucket.take(framesBySocket, time) || this.#account.bucket.take(framesByAccount, time)
  }

  countRefused(): boolean {
    this.#refused ??= new Bucket()
    return this.#refused.take(this.#shared.refusedFrames, this.#shared.now()) === 0
  }

  release(): void {
    if (!this.#isCounted) return
    this.#isCounted = false
    this.#shared.onRelease(this.#userId, this.#account)
  }
}

/** The generic cell rate algorithm of `Limits`, for one key. */
class Bucket {
  #theoreticalArrival = 0

  /** 0 when the call is allowed, otherwise the milliseconds until one is. `rate` must be the same in all calls; null
   *  means no limit. */
  take(rate: Rate | null, time: number): number {
    if (rate === null) return 0
    const { limit, windowMs } = rate
    const after = Math.max(this.#theoreticalArrival, time) + windowMs / limit
    const wait = after - time - windowMs
    if (wait > 1e-6) return wait
    this.#theoreticalArrival = after
    return 0
  }
}
