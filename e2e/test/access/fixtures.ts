import { randomUUID } from 'node:crypto'
import type { ChatSocket } from '@rendezvous/client'
import type { Session } from '@rendezvous/contract'
import type { Nodes } from '../cluster.ts'
import { newPerson, type Person, signIn } from '../person.ts'

/** The callers: three roles of one group, a user outside it, a user whom its owner blocked, and a caller without a
 *  token. */
export const roles = ['owner', 'admin', 'member', 'outsider', 'blocked', 'anonymous'] as const
export type Role = (typeof roles)[number]
/** The roles that have an account. */
export type SignedInRole = Exclude<Role, 'anonymous'>

/** The subject of a request: a new group, or for `blocked` the direct conversation with the owner. */
export interface Target {
  readonly conversation: number
  /** A message of the owner in the conversation. */
  readonly message: number
  readonly seq: number
  /** A message of the bystander; of the owner in the direct conversation. */
  readonly memberMessage: number
  /** A member without one of the roles. */
  readonly bystander: number
  readonly owner: number
  readonly outsider: number
}

/** The users of the roles, and targets for their requests. */
export interface AccessFixtures {
  readonly people: Readonly<Record<SignedInRole, Person>>
  readonly sockets: Readonly<Record<SignedInRole, ChatSocket>>
  /** A new target for one request of `role`. */
  target(role: Role): Promise<Target>
  /** The id of a new session of `role`, other than the one it asks with; of the owner for `anonymous`. */
  sessionOf(role: Role): Promise<string>
  /** Another session of `role`, which a request may end. */
  newSession(role: SignedInRole): Promise<Person>
  /** A user without one of the roles. */
  unrelated(): Promise<Person>
}

/** Creates the accounts on `nodes`, and opens their sockets. */
export async function createAccessFixtures(nodes: Nodes): Promise<AccessFixtures> {
  const [url] = nodes.apis
  const [socketUrl] = nodes.gateways
  const join = () => newPerson(url, socketUrl)
  const people: Record<SignedInRole, Person> = {
    ...{ owner: await join(), admin: await join(), member: await join() },
    ...{ outsider: await join(), blocked: await join() }
  }
  const { owner, admin, member, blocked } = people
  const bystander = await join()

  /** The direct conversation of owner and blocked, with a block that follows its messages. */
  async function blockedConversation() {
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
    const sent = await owner.http.send(id, 'a message of the owner', randomUUID())
    const other = await bystander.http.send(id, 'a message of a member')
    return { conversation: id, message: sent.id, seq: sent.seq, memberMessage: other.id }
  }

  return {
    people,
    sockets: await socketsOf(people),
    async target(role) {
      const conversation = await (role === 'blocked' ? blockedConversation() : group())
      return { ...conversation, bystander: bystander.id, owner: owner.id, outsider: people.outsider.id }
    },
    async sessionOf(role) {
      const { http } = await signIn((role === 'anonymous' ? owner : people[role]).name, url)
      const sessions = await http.request<Session[]>('GET', '/api/v1/auth/sessions/')
      return sessions.find(({ current }) => current)?.id ?? ''
    },
    newSession: role => signIn(people[role].name, url, socketUrl),
    unrelated: join
  }
}

async function socketsOf(people: Readonly<Record<SignedInRole, Person>>): Promise<Record<SignedInRole, ChatSocket>> {
  const open = async (role: SignedInRole) => people[role].connectV1()
  return {
    ...{ owner: await open('owner'), admin: await open('admin'), member: await open('member') },
    ...{ outsider: await open('outsider'), blocked: await open('blocked') }
  }
}
