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

/** 0 when there was room, else how many milliseconds until there is. */
type Bucket = () => number

interface Person {
  readonly bucket: Bucket
  sockets: number
}

type Settings = Pick<GatewaySettings, 'socketsPerPerson' | 'framesBySocket' | 'framesByAccount' | 'refusedFrames'>

/** Nobody is there yet. */
export function openCrowd(settings: Settings, now: Timers['now']): Crowd {
  const people = new Map<UserId, Person>()

  function personOf(userId: UserId): Person {
    const person = people.get(userId) ?? { bucket: bucketOf(settings.framesByAccount, now), sockets: 0 }
    people.set(userId, person)
    return person
  }

  return {
    enter(userId) {
      const person = personOf(userId)
      if (settings.socketsPerPerson > 0 && person.sockets >= settings.socketsPerPerson) return null

      person.sockets += 1
      const bucket = bucketOf(settings.framesBySocket, now)
      const patience = bucketOf(settings.refusedFrames, now)
      let isHere = true
      return {
        count: () => bucket() || person.bucket(),
        bear: () => patience() === 0,
        leave() {
          if (!isHere) return
          isHere = false
          person.sockets -= 1
          if (person.sockets === 0) people.delete(userId)
        }
      }
    }
  }
}

/** The generic cell rate algorithm, as `Limits` has it, for one holder. */
function bucketOf(rate: Rate | null, now: Timers['now']): Bucket {
  if (rate === null) return () => 0

  const { limit, windowMs } = rate
  const each = windowMs / limit
  let paidAt = 0
  return () => {
    const time = now()
    const after = Math.max(paidAt, time) + each
    const wait = after - time - windowMs
    if (wait > 1e-6) return wait
    paidAt = after
    return 0
  }
}
