import { EventEmitter, once } from 'node:events'
import type { Event } from '@rendezvous/contract'
import type { Nodes } from '../cluster.ts'
import { WitnessedSocket } from '../contract/witness.ts'
import { newPerson, type Person, signIn } from '../person.ts'

/** A socket, and everything that it got. */
export interface Ear {
  readonly heard: readonly Event[]
  readonly isOpen: boolean
  /** Resolves once it got such an event, or has closed. */
  hears(wanted: (event: Event) => boolean): Promise<void>
  /** Resolves once its gateway answered, or it has closed. */
  answered(): Promise<void>
}

/** Somebody who can act on either api node, and who listens. */
export interface Actor {
  readonly id: number
  readonly at: readonly [Person, Person]
  readonly ears: readonly Ear[]
}

/** Somebody new, with a socket on each of `gateways`. */
export async function newActor(nodes: Nodes, gateways: readonly (0 | 1)[]): Promise<Actor> {
  const first = await newPerson(nodes.apis[0])
  const at = [first, await signIn(first.name, nodes.apis[1])] as const
  return { id: first.id, at, ears: await Promise.all(gateways.map(n => listen(nodes.gateways[n], first))) }
}

async function listen(gateway: string, { http }: Person): Promise<Ear> {
  const address = `${gateway.replace('http', 'ws')}/ws/chat?ticket=${await http.ticket()}`
  const socket = new WitnessedSocket(address, ['rendezvous.v1'])
  const heard: Event[] = []
  const news = new EventEmitter().setMaxListeners(0)
  let isOpen = true
  let pings = 0

  socket.on('message', data => {
    heard.push(JSON.parse(String(data)))
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
    async answered() {
      const ref = `ping-${++pings}`
      if (isOpen) socket.send(JSON.stringify({ type: 'ping', ref }))
      await hears(event => event.type === 'ack' && event.ref === ref)
    }
  }
}
