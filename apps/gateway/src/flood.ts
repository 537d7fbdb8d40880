import type { Rate } from '@rendezvous/cluster'
import type { UserId } from '@rendezvous/contract'
import type { GatewaySettings } from './settings.ts'
import type { Timers } from './timers.ts'

/** What one socket may still do. Everything is counted on this node, without waiting. */
export interface Guard {
  /** Counts a frame of the client: 0 when it may pass, else in how many milliseconds one may. What may not costs nothing. */
  count(): number
  /** Counts a frame that was refused. False when there were too many in spite of warnings: the socket is to close. */
  bear(): boolean
  /** Gives its seat back. Safe to repeat. */
  leave(): void
}

/** The people on this node, by how much they may do. */
export interface Crowd {
  /** A seat for a socket of the person, before it opens; null when he has as many as he may. */
  enter(userId: UserId): Guard | null
}

interface Person {
  readonly bucket: Bucket
  sockets: number
}

type Settings = Pick<GatewaySettings, 'socketsPerPerson' | 'framesBySocket' | 'framesByAccount' | 'refusedFrames'>

/** Nobody is there yet. */
export function openCrowd(settings: Settings, now: Timers['now']): Crowd {
  const people = new Map<UserId, Person>()

  const crowd: Rules = {
    ...settings,
    now,
    left(userId, person) {
      person.sockets -= 1
      if (person.sockets === 0) people.delete(userId)
    }
  }

  return {
    enter(userId) {
      const person = people.get(userId) ?? { bucket: new Bucket(), sockets: 0 }
      if (settings.socketsPerPerson > 0 && person.sockets >= settings.socketsPerPerson) return null

      people.set(userId, person)
      person.sockets += 1
      return new Seat(crowd, userId, person)
    }
  }
}

/** What all seats share. */
interface Rules extends Settings {
  readonly now: Timers['now']
  left(userId: UserId, person: Person): void
}

/** A class, since there is one a socket. */
class Seat implements Guard {
  readonly #rules: Rules
  readonly #userId: UserId
  readonly #person: Person
  readonly #bucket = new Bucket()
  #patience: Bucket | null = null
  #isHere = true

  constructor(rules: Rules, userId: UserId, person: Person) {
    this.#rules = rules
    this.#userId = userId
    this.#person = person
  }

  count(): number {
    const { framesBySocket, framesByAccount, now } = this.#rules
    const time = now()
    return this.#bucket.take(framesBySocket, time) || this.#person.bucket.take(framesByAccount, time)
  }

  bear(): boolean {
    this.#patience ??= new Bucket()
    return this.#patience.take(this.#rules.refusedFrames, this.#rules.now()) === 0
  }

  leave(): void {
    if (!this.#isHere) return
    this.#isHere = false
    this.#rules.left(this.#userId, this.#person)
  }
}

/** The generic cell rate algorithm, as `Limits` has it, for one holder. */
class Bucket {
  #paidAt = 0

  /** 0 when there was room, else how many milliseconds until there is. Of one holder `rate` is always the same; null for no limit. */
  take(rate: Rate | null, time: number): number {
    if (rate === null) return 0
    const { limit, windowMs } = rate
    const after = Math.max(this.#paidAt, time) + windowMs / limit
    const wait = after - time - windowMs
    if (wait > 1e-6) return wait
    this.#paidAt = after
    return 0
  }
}
