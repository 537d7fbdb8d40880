import type { Person } from '../person.ts'
import type { Role, Scene } from './world.ts'

/** What a route answers whom. Every route has exactly one, or the test fails. */
export interface Policy {
  readonly expected: Readonly<Record<Role, number>>
  /** What is sent, besides parameters of the path that the scene has. */
  request?(scene: Scene, person: Person | null): Asked
  /** `own`: asked by a session of its own; `others`: by somebody who plays no role here, since it ends what the roles use. */
  readonly endsSessions?: 'own' | 'others'
}
interface Asked {
  readonly body?: unknown
  readonly query?: string
  /** Other parameters of the path than the scene's. */
  readonly values?: Readonly<Record<string, unknown>>
}

type Request = NonNullable<Policy['request']>
type Five = readonly [owner: number, admin: number, member: number, outsider: number, blocked: number]

/** Statuses by role; nobody gets 401. */
function only([owner, admin, member, outsider, blocked]: Five, request?: Request): Policy {
  const expected = { owner, admin, member, outsider, blocked, anonymous: 401 }
  return { expected, ...(request === undefined ? {} : { request }) }
}

/** The same for everybody with an account. */
function signedIn(status: number, request?: Request): Policy {
  return only([status, status, status, status, status], request)
}

/** The same for everybody at all. */
function everybody(status: number, request?: Request): Policy {
  const policy = signedIn(status, request)
  return { ...policy, expected: { ...policy.expected, anonymous: status } }
}

/** One policy for each of `methods` of a path. */
function each(methods: readonly string[], path: string, policy: Policy): Readonly<Record<string, Policy>> {
  return Object.fromEntries(methods.map(method => [`${method} ${path}`, policy]))
}

const sending =
  (body: unknown): Request =>
  () => ({ body })
const conversation = '/api/v1/conversations/{id}/'
const message = `${conversation}messages/{messageId}/`
const members = `${conversation}members/`
/** Members may; who is across a block reads what he had, and changes nothing. */
const READ: Five = [200, 200, 200, 404, 200]

/** The one table of who may call what. */
export const policies: Readonly<Record<string, Policy>> = {
  'GET /livez': everybody(200),
  'GET /readyz': everybody(200),

  // Nothing that these are sent is right: whoever sends it, it is not looked at who he is.
  ...each(['POST'], '/auth/login/', everybody(400, sending({}))),
  ...each(['POST'], '/api/token/', everybody(400, sending({}))),
  ...each(['POST'], '/api/token/refresh/', everybody(400, sending({}))),
  ...each(['POST'], '/api/token/verify/', everybody(400, sending({}))),
  ...each(['POST'], '/api/token/blacklist/', everybody(400, sending({}))),
  ...each(['POST'], '/api/v1/auth/register/', everybody(400, sending({}))),

  'POST /api/v1/auth/logout/': { ...signedIn(200, sending({})), endsSessions: 'own' },
  'GET /api/v1/auth/sessions/': signedIn(200),
  'DELETE /api/v1/auth/sessions/{sessionId}/': signedIn(204),
  'DELETE /api/v1/auth/sessions/': { ...signedIn(204), endsSessions: 'others' },
  ...each(['GET'], '/api/v1/auth/profile/', signedIn(200)),
  ...each(['PUT', 'PATCH'], '/api/v1/auth/profile/', signedIn(200, sending({ bio: 'changed' }))),
  ...each(
    ['PUT', 'POST', 'PATCH'],
    '/api/v1/auth/change-password/',
    signedIn(400, sending({ old_password: 'another', new_password: 'a password that is new' }))
  ),
  ...each(['POST', 'PUT', 'PATCH'], '/api/v1/auth/update-status/', signedIn(200, sending({ is_online: true }))),

  'GET /users/{id}/': only([200, 200, 200, 200, 404]),
  'GET /api/v1/auth/users/{id}/': only([200, 200, 200, 200, 404]),

  'GET /api/v1/conversations/': signedIn(200),
  'POST /api/v1/conversations/': only([400, 201, 201, 201, 400], ({ owner }) => ({ body: { participants: [owner] } })),
  [`GET ${conversation}`]: only(READ),
  [`PATCH ${conversation}`]: only([200, 200, 403, 404, 404], sending({ title: 'after' })),
  ...each(['DELETE', 'POST'], `${conversation}leave/`, only([204, 204, 204, 404, 204])),
  [`GET ${members}`]: only(READ),
  [`POST ${members}`]: only([204, 204, 403, 404, 404], ({ outsider }) => ({ body: { user_ids: [outsider] } })),
  [`POST ${members}remove/`]: only([204, 204, 403, 404, 404], ({ bystander }) => ({ body: { user_ids: [bystander] } })),
  [`DELETE ${members}{userId}/`]: only([204, 204, 403, 404, 404]),
  [`PATCH ${members}{userId}/`]: only([204, 403, 403, 404, 404], sending({ role: 'admin' })),

  [`GET ${conversation}messages/`]: only(READ),
  [`POST ${conversation}messages/`]: only([201, 201, 201, 404, 404], sending({ content: 'said' })),
  ...each(['POST', 'PUT', 'PATCH'], `${message}mark_read/`, only([200, 200, 200, 404, 404])),
  [`POST ${conversation}read/`]: only([204, 204, 204, 404, 404], ({ seq }) => ({ body: { seq } })),
  [`POST ${conversation}typing/`]: only([204, 204, 204, 404, 404], sending({ is_typing: true })),
  [`GET ${message}`]: only(READ),
  [`PATCH ${message}`]: only([200, 403, 403, 404, 404], sending({ content: 'edited' })),
  [`DELETE ${message}`]: only([204, 204, 403, 404, 404], ({ memberMessage }) => ({
    values: { messageId: memberMessage }
  })),
  [`GET ${message}edits/`]: only([200, 200, 403, 404, 403]),
  [`GET ${message}reactions/`]: only(READ),
  [`PUT ${message}reactions/{emoji}/`]: only([200, 200, 200, 404, 404]),
  [`DELETE ${message}reactions/{emoji}/`]: only([204, 204, 204, 404, 404]),
  [`GET ${conversation}pins/`]: only(READ),
  [`PUT ${message}pin/`]: only([200, 200, 403, 404, 404]),
  [`DELETE ${message}pin/`]: only([204, 204, 403, 404, 404]),
  'GET /api/v1/search/messages/': signedIn(200, () => ({ query: '?q=text' })),

  'GET /messages/': only([200, 200, 200, 200, 200], ({ owner }) => ({ query: `?with=${owner}` })),
  'POST /messages/send/': only([400, 201, 201, 201, 400], ({ owner }) => ({
    body: { receiver: owner, content: 'hello' }
  })),

  'POST /api/v1/sync/': signedIn(200, ({ conversation: id }) => ({
    body: { since: null, ranges: [{ stream: `conversation:${id}`, after: 0 }] }
  })),
  'POST /api/v1/realtime/ticket/': signedIn(201)
}
