import type { UserId } from '@rendezvous/contract'
import { ONLINE_MAX, type Presence, type PresenceOptions, STEP_MAX } from '../presence.ts'
import * as scripts from './presence-scripts.ts'
import type { RedisStore, Script } from './store.ts'
import { keyOf, type Tag, tagOf } from './tags.ts'

/** Most users of a presence, over all tags. */
const USERS_MAX = 4_000_000

/** How presence is kept on Redis. */
export interface RedisPresenceOptions extends PresenceOptions {
  /** The tags among which users are divided: all of them on a Cluster, one on a single Redis. The same on all nodes. */
  readonly tags: readonly Tag[]
  /** Most users, over all tags. 4 million by default, some 1.2 GB of Redis. */
  readonly usersMax?: number
  /** The time, in place of Redis's own. For tests. */
  readonly clock?: () => number
}

/** Presence as `gatewayId` sees it, kept on Redis. A user, and what a lease says of them, are in one slot. A lease is
 *  stored for each tag, so that no call has to compare two nodes; a lease that one tag lost is lost. */
export function redisPresence(store: RedisStore, options: RedisPresenceOptions): Presence {
  const { gatewayId, leaseMs, tags, clock } = options
  const mostOfTag = Math.ceil((options.usersMax ?? USERS_MAX) / tags.length)
  const keys = new Map(tags.map(tag => [tag, scripts.presenceKeys.map(name => keyOf(tag, name))]))
  let leases = 0
  let claims = 0
  let firstLease: Promise<void> | null = null

  const tagOfUser = (userId: UserId): Tag => tags[tagOf(`${userId}`) % tags.length] ?? 0
  const run = (script: Script, tag: Tag, ...args: (string | number)[]) =>
    store.run(script, tag, keys.get(tag) ?? [], [clock?.() ?? '', ...args])
  const holder = () => `${gatewayId} ${leases}`

  async function takeLease(): Promise<void> {
    leases += 1
    await Promise.all(tags.map(tag => run(scripts.takeLease, tag, holder(), leaseMs)))
  }

  async function haveLease(): Promise<void> {
    firstLease ??= takeLease()
    try {
      await firstLease
    } catch (error) {
      firstLease = null
      throw error
    }
  }

  return {
    async renew() {
      if (firstLease === null) {
        await haveLease()
        return { lost: false }
      }
      const held = await Promise.all(tags.map(tag => run(scripts.extendLease, tag, holder(), leaseMs)))
      if (held.every(each => each === 1)) return { lost: false }
      await takeLease()
      return { lost: true }
    },
    async arrive(userId) {
      await haveLease()
      return { turned: (await run(scripts.arrive, tagOfUser(userId), holder(), userId, mostOfTag)) === 1 }
    },
    async depart(userIds, graceMs) {
      refuseAbove(STEP_MAX, userIds)
      const divided = divide(userIds, tagOfUser)
      await Promise.all(divided.map(([tag, users]) => run(scripts.depart, tag, holder(), graceMs, ...users)))
    },
    async reap() {
      claims += 1
      const claim = `${gatewayId} ${claims}`
      const due = await Promise.all(tags.map(tag => run(scripts.isDue, tag)))
      const userIds: UserId[] = []
      const seenAt: number[] = []
      let taken = 0
      for (const [n, tag] of tags.entries()) {
        if (due[n] === 0) continue
        const limits = [STEP_MAX - taken, STEP_MAX - userIds.length]
        const [more, ...claimed] = ((await run(scripts.reap, tag, claim, ...limits)) as unknown[]).map(Number)
        taken += more ?? 0
        for (let at = 0; at < claimed.length; at += 2) {
          userIds.push(claimed[at] as UserId)
          seenAt.push(claimed[at + 1] ?? 0)
        }
      }
      return { claim, userIds, seenAt }
    },
    async acknowledge({ claim, userIds }) {
      refuseAbove(STEP_MAX, userIds)
      const divided = divide(userIds, tagOfUser)
      await Promise.all(divided.map(([tag, users]) => run(scripts.acknowledge, tag, claim, ...users)))
    },
    async online(userIds) {
      refuseAbove(ONLINE_MAX, userIds)
      const answers = await Promise.all(
        divide(userIds, tagOfUser).map(async ([tag, users]) => {
          const seen = (await store.send(tag, 'SMISMEMBER', [keyOf(tag, 'presence:visible'), ...users])) as number[]
          return users.filter((_, n) => seen[n] === 1)
        })
      )
      const online = new Set(answers.flat())
      return userIds.filter(userId => online.has(userId))
    },
    async everybody(limit) {
      const seen: UserId[] = []
      for (const tag of tags) {
        if (seen.length >= limit) break
        const args = [keyOf(tag, 'presence:visible'), limit - seen.length]
        const users = (await store.send(tag, 'SRANDMEMBER', args)) as string[]
        for (const userId of users) seen.push(Number(userId) as UserId)
      }
      return seen
    },
    async declare(userId, state, ttlMs) {
      const tag = tagOfUser(userId)
      const reply =
        state === 'offline'
          ? await run(scripts.declareOffline, tag, userId)
          : await run(scripts.declareOnline, tag, userId, ttlMs, mostOfTag)
      return { turned: reply === 1 }
    }
  }
}

function refuseAbove(max: number, userIds: readonly UserId[]): void {
  if (userIds.length > max) throw new RangeError(`at most ${max} users a call`)
}

function divide(userIds: readonly UserId[], tagOfUser: (userId: UserId) => Tag): [Tag, UserId[]][] {
  const divided = new Map<Tag, UserId[]>()
  for (const userId of userIds) {
    const tag = tagOfUser(userId)
    const users = divided.get(tag)
    if (users === undefined) divided.set(tag, [userId])
    else users.push(userId)
  }
  return [...divided]
}
