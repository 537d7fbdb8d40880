import { createHash } from 'node:crypto'
import { type Limits, networkOf, type Rate, type Taken } from '@rendezvous/cluster'
import { type FailureRates, throttled, type UsedUp, type UserId } from '@rendezvous/contract'
import type { Addresses } from '../ports/addresses.ts'
import { loginKey } from '../ports/users.ts'

/** What wrong passwords are counted with. */
export interface FailureOptions {
  readonly limits: Limits
  readonly addresses: Addresses
  readonly rates: FailureRates
}

/** Somebody gives a name and a password. */
export interface LoginAttempt {
  /** As it was given. */
  readonly name: string
  /** Whose it is; null when nobody's. */
  readonly userId: UserId | null
  readonly ip: string
}

/**
 * One check of a password. A right one is answered only after `passed`, a wrong one only after `failed`; so of any number of guesses at the
 * same moment no more are answered than the budget has room for, and the rest learns nothing.
 */
export interface Trial {
  /** @throws throttled when the budget was used up in the meantime, by others' failures of the same moment. */
  passed(): Promise<void>
  /** @throws throttled when this failure uses the budget up, or it was before. */
  failed(): Promise<void>
}

/** Budgets of wrong passwords, as ADR 10 has them. */
export interface Failures {
  /** @throws throttled when no further try is allowed now: nothing may be checked then. An unknown name counts like a known one. */
  ofLogin(attempt: LoginAttempt): Promise<Trial>
  /** The same for the password in use, which who changes it has to give. */
  ofChange(sessionId: string): Promise<Trial>
}

interface Budget {
  readonly key: string
  readonly kind: keyof FailureRates
}

/** Failures counted in `options.limits`. */
export function failures({ limits, addresses, rates }: FailureOptions): Failures {
  /** The first budget that has nothing left ends it. */
  async function look(budgets: readonly Budget[]): Promise<void> {
    await refuseUsedUp(budgets, 0)
  }

  async function begin(budgets: readonly Budget[]): Promise<Trial> {
    await look(budgets)
    return { passed: () => look(budgets), failed: () => refuseUsedUp(budgets, 1) }
  }

  /** Takes `cost` of every budget. @throws throttled when nothing is left of one after that, with the longest wait among them. */
  async function refuseUsedUp(budgets: readonly Budget[], cost: 0 | 1): Promise<void> {
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
    async ofLogin({ name, userId, ip }) {
      const network = networkOf(ip)
      const isKnown = await addresses.knows(userId, network)
      if (isKnown) return begin([{ key: `known:${userId}:${network}`, kind: 'account' }])

      const account = digest(loginKey(name))
      return begin([
        { key: `login:${network}:${account}`, kind: 'account' },
        { key: `logins:${network}`, kind: 'address' },
        { key: `strangers:${account}`, kind: 'strangers' }
      ])
    },
    ofChange: sessionId => begin([{ key: `change:${sessionId}`, kind: 'change' }])
  }
}

/** Short whatever was given for a name: NFKC makes 18 characters of some, and the store remembers many names. */
function digest(name: string): string {
  return createHash('sha256').update(name).digest('base64url')
}

/** Named by its kind alone: whether somebody is known from his address shows in none. */
function usedUp(kind: keyof FailureRates, { limit, windowMs }: Rate, { resetMs }: Taken): UsedUp {
  return { name: `failures-${kind}`, limit, windowMs, resetMs }
}

/** How long until one use is there again, of a budget that has none. */
function untilOne({ limit, windowMs }: Rate, { resetMs }: Taken): number {
  return Math.max(1, resetMs - windowMs + windowMs / limit)
}
