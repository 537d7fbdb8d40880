import type { UserId } from '@rendezvous/contract'
import fc from 'fast-check'
import type { Test } from 'tap'
import { LEASE_GRACE_MS } from '../../src/presence.ts'
import { LEASE_MS, type MakePresenceNodes, type PresenceNodes } from './presence-nodes.ts'

const gateways = ['here', 'there'] as const
type Gateway = (typeof gateways)[number]

type Step =
  | { readonly does: 'arrive'; readonly at: Gateway; readonly user: UserId }
  | { readonly does: 'depart'; readonly at: Gateway; readonly user: UserId; readonly ms: number }
  | {
      readonly does: 'declare'
      readonly at: Gateway
      readonly user: UserId
      readonly online: boolean
      readonly ms: number
    }
  | { readonly does: 'drain'; readonly at: Gateway; readonly ms: number }
  | { readonly does: 'renew' | 'reap'; readonly at: Gateway }
  | { readonly does: 'wait'; readonly ms: number }

const users = [1, 2, 3] as UserId[]
const at = fc.constantFrom(...gateways)
const user = fc.constantFrom(...users)
const ms = fc.constantFrom(0, 1, 3_000, LEASE_MS, LEASE_GRACE_MS, LEASE_MS + LEASE_GRACE_MS)

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant('arrive' as const), at, user }),
  fc.record({ does: fc.constant('depart' as const), at, user, ms }),
  fc.record({ does: fc.constant('declare' as const), at, user, online: fc.boolean(), ms }),
  fc.record({ does: fc.constant('drain' as const), at, ms }),
  fc.record({ does: fc.constantFrom('renew' as const, 'reap' as const), at }),
  fc.record({ does: fc.constant('wait' as const), ms })
)

/** What someone sees who hears every turn, and why each user should be seen. */
class Observer {
  readonly seen = new Set<UserId>()
  now = 0
  private readonly leases: Record<Gateway, number> = { here: 0, there: 0 }
  private readonly sockets: Record<Gateway, Set<UserId>> = { here: new Set(), there: new Set() }
  private readonly until = new Map<UserId, number>()

  cameOnline(userId: UserId, turned: boolean): void {
    if (turned === this.seen.has(userId)) throw new Error(`${userId} came, turned ${turned}`)
    this.seen.add(userId)
  }

  wentOffline(userId: UserId): void {
    if (!this.seen.delete(userId)) throw new Error(`${userId} went who was not there`)
  }

  extendLease(gateway: Gateway): void {
    this.leases[gateway] = this.now + LEASE_MS
  }

  openedSocket(gateway: Gateway, userId: UserId): void {
    this.extendLease(gateway)
    this.sockets[gateway].add(userId)
  }

  closedSocket(gateway: Gateway, userId: UserId, graceMs: number): void {
    if (this.sockets[gateway].delete(userId)) this.stays(userId, this.now + graceMs)
  }

  closedAll(gateway: Gateway, until: number): void {
    for (const userId of this.sockets[gateway]) this.stays(userId, until)
    this.sockets[gateway].clear()
  }

  stays(userId: UserId, until: number): void {
    this.until.set(userId, Math.max(until, this.until.get(userId) ?? 0))
  }

  giveUpGateways(): void {
    for (const gateway of gateways) {
      const until = this.leases[gateway] + LEASE_GRACE_MS
      if (until <= this.now) this.closedAll(gateway, until)
    }
  }

  hasSocket(userId: UserId): boolean {
    return gateways.some(gateway => this.sockets[gateway].has(userId))
  }

  /** A socket, a grace or a declaration that has not ended: the grounds on which a user may be seen. */
  hasGrounds(userId: UserId): boolean {
    return this.hasSocket(userId) || (this.until.get(userId) ?? 0) > this.now
  }
}

async function run(nodes: PresenceNodes, observer: Observer, step: Step): Promise<void> {
  switch (step.does) {
    case 'arrive':
      observer.openedSocket(step.at, step.user)
      return observer.cameOnline(step.user, (await nodes[step.at].arrive(step.user)).turned)
    case 'depart':
      observer.closedSocket(step.at, step.user, step.ms)
      return nodes[step.at].depart(step.user, step.ms)
    case 'declare':
      return declare(nodes, observer, step)
    case 'drain':
      observer.closedAll(step.at, observer.now + step.ms)
      return nodes[step.at].drain(step.ms)
    case 'renew':
      observer.extendLease(step.at)
      await nodes[step.at].renew()
      return
    case 'reap':
      return reap(nodes, observer, step.at)
    case 'wait':
      observer.now += step.ms
      nodes.advance(step.ms)
  }
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
  for (const userId of await nodes[gateway].reap()) {
    observer.wentOffline(userId)
    if (observer.hasSocket(userId)) throw new Error(`${userId} was reaped with a socket open`)
  }
  for (const userId of observer.seen) if (!observer.hasGrounds(userId)) throw new Error(`${userId} was left behind`)
}

/** Whatever two gateways do: for each user online and offline are told in turn, `online` agrees with the last told, nobody is reaped while a
 *  gateway that lives holds him, and nobody stays for ever. */
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
