import { PASSWORD, type Person } from '../person.ts'
import type { Role, Scene } from './world.ts'

/** What a route answers whom. Every route has exactly one, or the test fails. */
export interface Policy {
  readonly expected: Readonly<Record<Role, number>>
  /** What is sent, besides parameters of the path that the scene has. */
  request?(scene: Scene, person: Person | null): Asked
  /** Asked by a session of its own. */
  readonly endsSessions?: true
}
interface Asked {
  readonly body?: unknown
  readonly query?: string
  /** Other parameters of the path than the scene's. */
  readonly values?: Readonly<Record<string, unknown>>
}

type Request = NonNullable<Policy['request']>

/** Statuses in the order of the roles: owner, admin, member, outsider, blocked. Nobody gets 401. */
function only(
  owner: number,
  admin: number,
  member: number,
  outsider: number,
  blocked: number,
  request?: Request
): Policy {
  const expected = { owner, admin, member, outsider, blocked, anonymous: 401 }
  return { expected, ...(request === undefined ? {} : { request }) }
}

/** The same for everybody with an account. */
function signedIn(status: number, request?: Request): Policy {
  return only(status, status, status, status, status, request)
}

/** The same for everybody at all. */
function everybody(status: number, request?: Request): Policy {
  return { ...signedIn(status, request), expected: { ...signedIn(status).expected, anonymous: status } }
}

const body =
  (value: unknown): Request =>
  () => ({ body: value })
const wrongLogin = body({ username: 'nobody at all', password: 'wrong' })
const people = (scene: Scene) => ({ user_ids: [scene.outsider] })

/** The one table of who may call what. */
export const policies: Readonly<Record<string, Policy>> = {}
export { body, everybody, PASSWORD, people, wrongLogin }
