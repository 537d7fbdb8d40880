import { randomUUID } from 'node:crypto'
import type { ChatSocket } from '@rendezvous/client'
import type { Session } from '@rendezvous/contract'
import type { Nodes } from '../cluster.ts'
import { newPerson, type Person, signIn } from '../person.ts'

/** Who asks: three roles of one group; somebody outside it; somebody in a direct conversation with its owner, who blocked him; nobody. */
export const roles = ['owner', 'admin', 'member', 'outsider', 'blocked', 'anonymous'] as const
export type Role = (typeof roles)[number]
/** Everybody who has an account. */
export type Known = Exclude<Role, 'anonymous'>

/** What a request is about: a group just made, or the conversation across the block for who was blocked. */
export interface Scene {
  readonly conversation: number
  /** A text of the group's owner, in the conversation. */
  readonly message: number
  readonly seq: number
  /** A text of the bystander, where there is one; of the owner where not. */
  readonly memberMessage: number
  /** A member that is none of the roles. */
  readonly bystander: number
  readonly owner: number
  readonly outsider: number
}

/** The people, and scenes for them. */
export interface World {
  readonly people: Readonly<Record<Known, Person>>
  readonly sockets: Readonly<Record<Known, ChatSocket>>
  /** A scene of its own for one request of `role`, in which nothing has happened yet. */
  scene(role: Role): Promise<Scene>
  /** A new session of who asks, not the one that he asks by; of the owner when nobody asks. */
  sessionOf(role: Role): Promise<string>
  /** Another session of somebody, which a request may end. */
  again(role: Known): Promise<Person>
  /** Somebody with an account who plays no role. */
  stranger(): Promise<Person>
}

/** Makes accounts on `nodes`, and opens their sockets. */
export async function worldOn(nodes: Nodes): Promise<World> {
  const [url] = nodes.apis
  const [socketUrl] = nodes.gateways
  const join = () => newPerson(url, socketUrl)
  const people: Record<Known, Person> = {
    ...{ owner: await join(), admin: await join(), member: await join() },
    ...{ outsider: await join(), blocked: await join() }
  }
  const { owner, admin, member, blocked } = people
  const bystander = await join()

  /** The direct conversation of owner and blocked, as if the block came just now. */
  async function across() {
    await nodes.block(owner.id, blocked.id, false)
    const { id } = await owner.http.openConversation(blocked.id)
    await blocked.http.openConversation(owner.id)
    const sent = await owner.http.send(id, 'before the block')
    await nodes.block(owner.id, blocked.id, true)
    return { conversation: id, message: sent.id, seq: sent.seq, memberMessage: sent.id }
  }

  async function group() {
    const { id } = await owner.http.request<{ id: number }>('POST', '/api/v1/conversations/', {
      participants: [admin.id, member.id, bystander.id],
      is_group: true,
      title: 'before'
    })
    const role = { role: 'admin' }
    await owner.http.request('PATCH', `/api/v1/conversations/${id}/members/${admin.id}/`, role)
    const sent = await owner.http.send(id, 'a text of the owner', randomUUID())
    const other = await bystander.http.send(id, 'a text of a member')
    return { conversation: id, message: sent.id, seq: sent.seq, memberMessage: other.id }
  }

  return {
    people,
    sockets: await socketsOf(people),
    async scene(role) {
      const talk = await (role === 'blocked' ? across() : group())
      return { ...talk, bystander: bystander.id, owner: owner.id, outsider: people.outsider.id }
    },
    async sessionOf(role) {
      const { http } = await signIn((role === 'anonymous' ? owner : people[role]).name, url)
      const sessions = await http.request<Session[]>('GET', '/api/v1/auth/sessions/')
      return sessions.find(({ current }) => current)?.id ?? ''
    },
    again: role => signIn(people[role].name, url, socketUrl),
    stranger: join
  }
}

async function socketsOf(people: Readonly<Record<Known, Person>>): Promise<Record<Known, ChatSocket>> {
  const open = async (role: Known) => people[role].connectV1()
  return {
    ...{ owner: await open('owner'), admin: await open('admin'), member: await open('member') },
    ...{ outsider: await open('outsider'), blocked: await open('blocked') }
  }
}
