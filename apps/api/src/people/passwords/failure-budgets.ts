import { createHash } from 'node:crypto'
import { type Limits, networkOf, type Rate, type Taken } from '@rendezvous/cluster'
import { type FailureRates, throttled, type UsedUp, type UserId } from '@rendezvous/contract'
import type { Addresses } from '../addresses/port.ts'
import { loginKey } from '../users/port.ts'

/** The ports and rates that count wrong passwords. */
export interface FailureBudgetOptions {
  readonly limits: Limits
  readonly addresses: Addresses
  readonly rates: FailureRates
}

/** An attempt to sign in with a name and a password. */
export interface LoginAttempt {
  /** As the client sent it. */
  readonly name: string
  /** The user with this name; null when there is none. */
  readonly userId: UserId | null
  readonly ip: string
}

/**
 * One check of a password. Call `passed` before you answer a right password, and `failed` before you answer a wrong
 * one. Concurrent guesses then get no more answers than the budget allows, and the other guesses learn nothing.
 */
export interface PasswordCheck {
  /** @throws throttled when concurrent failures have used up the budget since the check began. */
  passed(): Promise<void>
  /** @throws throttled when this failure uses up the budget, or an earlier one did. */
  failed(): Promise<void>
}

/** Budgets of wrong passwords (ADR 10). */
export interface FailureBudgets {
  /** Begins a check for a log-in. An unknown name counts like a known one.
   *  @throws throttled when a budget is used up. Do not check the password then. */
  beginLogin(attempt: LoginAttempt): Promise<PasswordCheck>
  /** Begins a check of the current password for a change of password.
   *  @throws throttled as `beginLogin`. */
  beginChange(sessionId: string): Promise<PasswordCheck>
}

interface Budget {
  readonly key: string
  readonly kind: keyof FailureRates
}

/** Budgets that are counted in `options.limits`. */
export function failureBudgets({ limits, addresses, rates }: FailureBudgetOptions): FailureBudgets {
  /** @throws throttled when any budget is used up. Takes nothing from them. */
  async function refuseIfUsedUp(budgets: readonly Budget[]): Promise<void> {
    await take(budgets, 0)
  }

  async function begin(budgets: readonly Budget[]): Promise<PasswordCheck> {
    await refuseIfUsedUp(budgets)
    return { passed: () => refuseIfUsedUp(budgets), failed: () => take(budgets, 1) }
  }

  /** Takes `cost` from every budget. @throws throttled, with the longest wait, when a budget is then used up. */
  async function take(budgets: readonly Budget[], cost: 0 | 1): Promise<void> {
    const refusals = budgets.map(async ({ key, kind }) => {
      const rate = rates[kind]
      if (rate === null) return []
      const taken = await limits.take(`failures:${key}`, { ...rate, cost })
      return taken.remaining > 0 ? [] : [{ waitMs: untilOne(rate, taken), usedUp: usedUp(kind, rate, taken) }]
    })
    const [longest] = (await Promise.all(refusals)).flat().sort((a, b) => b.waitMs - a.waitMs)
    if (longest !== undefined) throw throttled(longest.waitMs, longest.usedUp)
  }

  return {
    async beginLogin({ name, userId, ip }) {
      const network = networkOf(ip)
      const isKnown = await addresses.knows(userId, network)
      if (isKnown) return begin([{ key: `known:${userId}:${network}`, kind: 'account' }])

      const account = nameDigest(name)
      return begin([
        { key: `login:${network}:${account}`, kind: 'account' },
        { key: `logins:${network}`, kind: 'address' },
        { key: `strangers:${account}`, kind: 'strangers' }
      ])
    },
    beginChange: sessionId => begin([{ key: `change:${sessionId}`, kind: 'change' }])
  }
}

/** A short key for any name to sign in with. NFKC can make 18 characters of one, and the store keeps many names. */
export function nameDigest(name: string): string {
  return createHash('sha256').update(loginKey(name)).digest('base64url')
}

/** Names the kind alone, so that an answer does not reveal whether the user has signed in from this network. */
function usedUp(kind: keyof FailureRates, { limit, windowMs }: Rate, { resetMs }: Taken): UsedUp {
  return { name: `failures-${kind}`, limit, windowMs, resetMs }
}

/** The milliseconds until a used-up budget allows one more use. */
function untilOne({ limit, windowMs }: Rate, { resetMs }: Taken): number {
  return Math.max(1, resetMs - windowMs + windowMs / limit)
}
