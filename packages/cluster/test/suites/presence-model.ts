import type { UserId } from '@rendezvous/contract'
import fc from 'fast-check'
import type { Test } from 'tap'
import { CLAIM_MS, LEASE_GRACE_MS, type Reaped } from '../../src/presence.ts'
import { LEASE_MS, type MakePresenceNodes, type PresenceNodes } from './presence-nodes.ts'

const gateways = ['here', 'there'] as const
type Gateway = (typeof gateways)[number]

type Step =
  | { readonly does: 'arrive'; readonly at: Gateway; readonly user: UserId }
  | { readonly does: 'depart'; readonly at: Gateway; readonly userIds: UserId[]; readonly ms: number }
  | {
      readonly does: 'declare'
      readonly at: Gateway
      readonly user: UserId
      readonly online: boolean
      readonly ms: number
    }
  | { readonly does: 'renew' | 'reap' | 'acknowledge'; readonly at: Gateway }
  | { readonly does: 'wait'; readonly ms: number }

const users = [1, 2, 3] as UserId[]
const at = fc.constantFrom(...gateways)
const user = fc.constantFrom(...users)
const userIds = fc.uniqueArray(user, { minLength: 1 })
const ms = fc.constantFrom(0, 1, 3_000, CLAIM_MS, LEASE_GRACE_MS, LEASE_MS + LEASE_GRACE_MS)

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant('arrive' as const), at, user }),
  fc.record({ does: fc.constant('depart' as const), at, userIds, ms }),
  fc.record({ does: fc.constant('declare' as const), at, user, online: fc.boolean(), ms }),
  fc.record({ does: fc.constantFrom('renew' as const, 'reap' as const, 'acknowledge' as const), at }),
  fc.record({ does: fc.constant('wait' as const), ms })
)

/** The model: it is told of every turn and every claim, and knows why each user should be seen. */
class Observer {
  readonly seen = new Set<UserId>()
  /** Users who were claimed and not acknowledged: the claim, and the earliest moment of the next one. */
  readonly claimed = new Map<UserId, { readonly claim: string; readonly until: number }>()
  readonly reaped: Record<Gateway, Reaped[]> = { here: [], there: [] }
  now = 0
  /** When each gateway is given up; null before its first lease. */
  private readonly leases: Record<Gateway, number | null> = { here: null, there: null }
  private readonly sockets: Record<Gateway, Set<UserId>> = { here: new Set(), there: new Set() }
  private readonly until = new Map<UserId, number>()

  cameOnline(userId: UserId, turned: boolean): void {
    if (turned === this.seen.has(userId)) throw new Error(`${userId} came, turned ${turned}`)
    this.seen.add(userId)
    this.claimed.delete(userId)
  }

  wentOffline(userId: UserId, claim: string): void {
    const before = this.claimed.get(userId)
    const again = before !== undefined && before.until <= this.now
    if (!this.seen.delete(userId) && !again) throw new Error(`${userId} was claimed and had not gone offline`)
    this.claimed.set(userId, { claim, until: this.now + CLAIM_MS })
  }

  acknowledged({ claim, userIds }: Reaped): void {
    for (const userId of userIds) if (this.claimed.get(userId)?.claim === claim) this.claimed.delete(userId)
  }

  isGivenUp(gateway: Gateway): boolean {
    const until = this.leases[gateway]
    return until !== null && until <= this.now
  }

  extendLease(gateway: Gateway): void {
    if (this.isGivenUp(gateway)) this.closedAll(gateway)
    this.leases[gateway] = this.now + LEASE_MS + LEASE_GRACE_MS
  }

  openedSocket(gateway: Gateway, userId: UserId): void {
    if (this.leases[gateway] === null) this.extendLease(gateway)
    this.sockets[gateway].add(userId)
  }

  closedSockets(gateway: Gateway, userIds: readonly UserId[], graceMs: number): void {
    for (const userId of userIds) if (this.sockets[gateway].delete(userId)) this.stays(userId, this.now + graceMs)
  }

  closedAll(gateway: Gateway): void {
    this.sockets[gateway].clear()
  }

  stays(userId: UserId, until: number): void {
    this.until.set(userId, Math.max(until, this.until.get(userId) ?? 0))
  }

  giveUpGateways(): void {
    for (const gateway of gateways) if (this.isGivenUp(gateway)) this.closedAll(gateway)
  }

  hasSocket(userId: UserId): boolean {
    return gateways.some(gateway => this.sockets[gateway].has(userId))
  }

  /** Whether the user has a socket, or a grace or declaration that has not ended. */
  hasGrounds(userId: UserId): boolean {
    return this.hasSocket(userId) || (this.until.get(userId) ?? 0) > this.now
  }

  /** Throws when a call of `reap` left out a user who was due. */
  checkNobodyLeft(): void {
    for (const userId of this.seen) if (!this.hasGrounds(userId)) throw new Error(`${userId} was left behind`)
    for (const [userId, { until }] of this.claimed)
      if (until <= this.now) throw new Error(`the claim of ${userId} is over, and nobody has a new one`)
  }
}

async function run(nodes: PresenceNodes, observer: Observer, step: Step): Promise<void> {
  switch (step.does) {
    case 'arrive':
      observer.openedSocket(step.at, step.user)
      return observer.cameOnline(step.user, (await nodes[step.at].arrive(step.user)).turned)
    case 'depart':
      observer.closedSockets(step.at, step.userIds, step.ms)
      return nodes[step.at].depart(step.userIds, step.ms)
    case 'declare':
      return declare(nodes, observer, step)
    case 'renew':
      return renew(nodes, observer, step.at)
    case 'reap':
      return reap(nodes, observer, step.at)
    case 'acknowledge':
      return acknowledge(nodes, observer, step.at)
    case 'wait':
      observer.now += step.ms
      await nodes.advance(step.ms)
  }
}

async function renew(nodes: PresenceNodes, observer: Observer, gateway: Gateway): Promise<void> {
  const expected = observer.isGivenUp(gateway)
  const { lost } = await nodes[gateway].renew()
  if (lost !== expected) throw new Error(`${gateway} renewed, lost ${lost}`)
  observer.extendLease(gateway)
}

async function declare(nodes: PresenceNodes, observer: Observer, step: Step & { does: 'declare' }): Promise<void> {
  const { turned } = await nodes[step.at].declare(step.user, step.online ? 'online' : 'offline', step.ms)
  if (step.online) {
    observer.stays(step.user, observer.now + step.ms)
    return observer.cameOnline(step.user, turned)
  }
  if (turned !== observer.seen.has(step.user)) throw new Error(`${step.user} hid, turned ${turned}`)
  observer.seen.delete(step.user)
}

async function reap(nodes: PresenceNodes, observer: Observer, gateway: Gateway): Promise<void> {
  observer.giveUpGateways()
  const reaped = await nodes[gateway].reap()
  for (const userId of reaped.userIds) {
    observer.wentOffline(userId, reaped.claim)
    if (observer.hasSocket(userId)) throw new Error(`${userId} was reaped with a socket open`)
  }
  observer.reaped[gateway].push(reaped)
  observer.checkNobodyLeft()
}

/** Acknowledges the oldest claim of the gateway, so that some acknowledgements are late. Many claims are never
 *  acknowledged, as when a gateway dies. */
async function acknowledge(nodes: PresenceNodes, observer: Observer, gateway: Gateway): Promise<void> {
  const reaped = observer.reaped[gateway].shift()
  if (reaped === undefined) return
  await nodes[gateway].acknowledge(reaped)
  observer.acknowledged(reaped)
}

/** Runs random steps of two gateways, and checks after each:
 *  - `online` and `everybody` agree with the last turn or claim told.
 *  - A claimed user is claimed again until a caller acknowledges or the user comes back, and not after that.
 *  - Nobody is reaped while a living gateway holds them, and nobody stays online for ever. */
export async function presenceModel(t: Test, makeNodes: MakePresenceNodes, runs: number): Promise<void> {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
    const nodes = await makeNodes(t)
    const observer = new Observer()
    for (const step of steps) {
      await run(nodes, observer, step)
      const online = await nodes.here.online(users)
      if (online.join() !== users.filter(userId => observer.seen.has(userId)).join())
        throw new Error(`online says ${online}`)
      const everybody = await nodes.there.everybody(users.length)
      if (everybody.sort().join() !== online.join()) throw new Error(`everybody says ${everybody}`)
    }
    await run(nodes, observer, { does: 'wait', ms: 10 * (LEASE_MS + LEASE_GRACE_MS) })
    await run(nodes, observer, { does: 'reap', at: 'there' })
    return observer.seen.size === 0
  })
  await t.resolves(fc.assert(property, { numRuns: runs }), 'no sequence of steps breaks it')
}
