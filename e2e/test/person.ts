import { randomUUID } from 'node:crypto'
import { type ChatSocket, chatSocket, type Http, http } from '@rendezvous/client'
import { CheckedSocket, checkedFetch } from './contract/checked.ts'

/** The password of every user that {@link newPerson} registers. */
export const PASSWORD = 'a password for tests'

/** A signed-in user. */
export interface Person {
  readonly id: number
  readonly name: string
  readonly http: Http
  /** Opens a socket as clients of the first backend do, and waits for `ready`. */
  connect(): Promise<ChatSocket>
  /** Opens a `rendezvous.v1` socket with a ticket, and waits for `ready`. */
  connectV1(): Promise<ChatSocket>
}

/** Registers a new user at the server at `url`, and signs them in. `socketUrl` is where their sockets open. */
export async function newPerson(url: string, socketUrl = url): Promise<Person> {
  const name = `p${randomUUID().slice(0, 13)}`
  await http(url, checkedFetch).register({ username: name, password: PASSWORD })
  return signIn(name, url, socketUrl)
}

/** Signs in a user whom `newPerson` registered: a further session, as of another device. */
export async function signIn(name: string, url: string, socketUrl = url): Promise<Person> {
  const client = http(url, checkedFetch)
  const { user } = await client.login(name, PASSWORD)

  const open = async (query: string, protocols: string[]) => {
    const socket = chatSocket(new CheckedSocket(`${socketUrl.replace('http', 'ws')}/ws/chat?${query}`, protocols))
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
