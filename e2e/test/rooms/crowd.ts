import { EventEmitter, once } from 'node:events'
import type { Event } from '@rendezvous/contract'
import type { Nodes } from '../cluster.ts'
import { WitnessedSocket } from '../contract/witness.ts'
import { newPerson, type Person, signIn } from '../person.ts'

/** A socket, and everything that it got. Told to resync it fetches, as a client does. */
export interface Ear {
  readonly heard: readonly Event[]
  /** Everything up to this value it has fetched. */
  readonly fetched: number
  readonly isOpen: boolean
  /** Resolves once it got such an event, or has closed. */
  hears(wanted: (event: Event) => boolean): Promise<void>
  /** Resolves once its gateway answered and nothing is being fetched, or it has closed. */
  answered(): Promise<void>
}

/** Somebody who can act on either api node, and who listens. */
export interface Actor {
  readonly id: number
  readonly at: readonly [Person, Person]
  readonly ears: readonly Ear[]
}

/** Somebody new, with a socket on each of `gateways`. `look` fetches, and answers the last value that he sees. */
export async function newActor(
  nodes: Nodes,
  gateways: readonly (0 | 1)[],
  look: (person: Person) => Promise<number>
): Promise<Actor> {
  const first = await newPerson(nodes.apis[0])
  const at = [first, await signIn(first.name, nodes.apis[1])] as const
  return { id: first.id, at, ears: await Promise.all(gateways.map(n => listen(nodes.gateways[n], first, look))) }
}

async function listen(gateway: string, person: Person, look: (person: Person) => Promise<number>): Promise<Ear> {
  const address = `${gateway.replace('http', 'ws')}/ws/chat?ticket=${await person.http.ticket()}`
  const socket = new WitnessedSocket(address, ['rendezvous.v1'])
  const heard: Event[] = []
  const news = new EventEmitter().setMaxListeners(0)
  let isOpen = true
  let pings = 0
  let fetched = 0
  let fetching: Promise<unknown> = Promise.resolve()

  socket.on('message', data => {
    const event: Event = JSON.parse(String(data))
    heard.push(event)
    if (event.type === 'resync')
      fetching = Promise.all([fetching, look(person)]).then(([, head]) => {
        fetched = Math.max(fetched, head)
      })
    news.emit('any')
  })
  socket.on('close', () => {
    isOpen = false
    news.emit('any')
  })
  const hears: Ear['hears'] = async wanted => {
    while (isOpen && !heard.some(wanted)) await once(news, 'any')
  }
  await hears(({ type }) => type === 'ready')
  return {
    heard,
    hears,
    get isOpen() {
      return isOpen
    },
    get fetched() {
      return fetched
    },
    async answered() {
      const ref = `ping-${++pings}`
      if (isOpen) socket.send(JSON.stringify({ type: 'ping', ref }))
      await hears(event => event.type === 'ack' && event.ref === ref)
      await fetching
    }
  }
}
