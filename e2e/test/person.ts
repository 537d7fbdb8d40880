import { randomUUID } from 'node:crypto'
import { type ChatSocket, chatSocket, type Http, http } from '@rendezvous/client'
import { WitnessedSocket, witnessedFetch } from './contract/witness.ts'

export const PASSWORD = 'a password for tests'

/** Somebody with an account, logged in. */
export interface Person {
  readonly id: number
  readonly name: string
  readonly http: Http
  /** Opens a socket the way the first backend's clients do, and waits for `ready`. */
  connect(): Promise<ChatSocket>
  /** Opens a socket of our own dialect by a ticket, and waits for `ready`. */
  connectV1(): Promise<ChatSocket>
}

/** Registers somebody new at the server at `url`, and logs him in. `socketUrl` when the sockets are elsewhere. */
export async function newPerson(url: string, socketUrl = url): Promise<Person> {
  const name = `p${randomUUID().slice(0, 13)}`
  await http(url, witnessedFetch).register({ username: name, password: PASSWORD })
  return signIn(name, url, socketUrl)
}

/** Another device of somebody whom `newPerson` made: a session of its own. */
export async function signIn(name: string, url: string, socketUrl = url): Promise<Person> {
  const client = http(url, witnessedFetch)
  const { user } = await client.login(name, PASSWORD)

  const open = async (query: string, protocols: string[]) => {
    const socket = chatSocket(new WitnessedSocket(`${socketUrl.replace('http', 'ws')}/ws/chat?${query}`, protocols))
    await socket.next('ready')
    return socket
  }
  return {
    id: user.id,
    name,
    http: client,
    connect: () => open(`token=${client.access}`, []),
    connectV1: async () => open(`ticket=${await client.ticket()}`, ['rendezvous.v1'])
  }
}
