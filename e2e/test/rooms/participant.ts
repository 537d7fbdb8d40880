import { EventEmitter, once } from 'node:events'
import type { Event } from '@rendezvous/contract'
import type { Nodes } from '../cluster.ts'
import { CheckedSocket } from '../contract/checked.ts'
import { newPerson, type Person, signIn } from '../person.ts'

/** A socket that records its events. After a resync it fetches, as a client does. */
export interface RecordedSocket {
  readonly received: readonly Event[]
  /** The highest `seq` up to which it has fetched. */
  readonly fetched: number
  readonly isOpen: boolean
  /** Resolves once a matching event was received, or the socket has closed. */
  waitFor(wanted: (event: Event) => boolean): Promise<void>
  /** Resolves once its gateway answered a ping and no fetch is running, or the socket has closed. */
  answered(): Promise<void>
}

/** A user with a session on each api node, and their sockets. */
export interface Participant {
  readonly id: number
  readonly at: readonly [Person, Person]
  readonly sockets: readonly RecordedSocket[]
}

/** A new user with a socket on each of `gateways`. After a resync, `fetchHead` fetches and answers the highest
 *  `seq`. */
export async function newParticipant(
  nodes: Nodes,
  gateways: readonly (0 | 1)[],
  fetchHead: (person: Person) => Promise<number>
): Promise<Participant> {
  const first = await newPerson(nodes.apis[0])
  const at = [first, await signIn(first.name, nodes.apis[1])] as const
  return {
    id: first.id,
    at,
    sockets: await Promise.all(gateways.map(n => listen(nodes.gateways[n], first, fetchHead)))
  }
}

async function listen(
  gateway: string,
  person: Person,
  fetchHead: (person: Person) => Promise<number>
): Promise<RecordedSocket> {
  const address = `${gateway.replace('http', 'ws')}/ws/chat?ticket=${await person.http.ticket()}`
  const socket = new CheckedSocket(address, ['rendezvous.v1'])
  const received: Event[] = []
  const changes = new EventEmitter().setMaxListeners(0)
  let isOpen = true
  let pings = 0
  let fetched = 0
  let fetching: Promise<unknown> = Promise.resolve()

  socket.on('message', data => {
    const event: Event = JSON.parse(String(data))
    received.push(event)
    if (event.type === 'resync')
      fetching = Promise.all([fetching, fetchHead(person)]).then(([, head]) => {
        fetched = Math.max(fetched, head)
      })
    changes.emit('any')
  })
  socket.on('close', () => {
    isOpen = false
    changes.emit('any')
  })
  const waitFor: RecordedSocket['waitFor'] = async wanted => {
    while (isOpen && !received.some(wanted)) await once(changes, 'any')
  }
  await waitFor(({ type }) => type === 'ready')
  return {
    received,
    waitFor,
    get isOpen() {
      return isOpen
    },
    get fetched() {
      return fetched
    },
    async answered() {
      const ref = `ping-${++pings}`
      if (isOpen) socket.send(JSON.stringify({ type: 'ping', ref }))
      await waitFor(event => event.type === 'ack' && event.ref === ref)
      await fetching
    }
  }
}
