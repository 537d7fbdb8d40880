import type { Person } from '../person.ts'
import type { Role, Target } from './fixtures.ts'

/** A route's status for each role. Every route has exactly one policy, or the test fails. */
export interface Policy {
  readonly expected: Readonly<Record<Role, number>>
  /** The request, besides the path parameters that the target has. */
  request?(target: Target, person: Person | null): RequestParts
  /** `own`: ends the caller's session, so it gets a new one; `others`: ends all others, so an unrelated user asks. */
  readonly endsSessions?: 'own' | 'others'
}
interface RequestParts {
  readonly body?: unknown
  readonly query?: string
  /** Path parameters that replace those of the target. */
  readonly values?: Readonly<Record<string, unknown>>
}

type Request = NonNullable<Policy['request']>
type ByRole = readonly [owner: number, admin: number, member: number, outsider: number, blocked: number]

/** The status of each role; 401 without a token. */
function only([owner, admin, member, outsider, blocked]: ByRole, request?: Request): Policy {
  const expected = { owner, admin, member, outsider, blocked, anonymous: 401 }
  return { expected, ...(request === undefined ? {} : { request }) }
}

/** One status for every role with an account; 401 without a token. */
function signedIn(status: number, request?: Request): Policy {
  return only([status, status, status, status, status], request)
}

/** One status for every role, also without a token. */
function everybody(status: number, request?: Request): Policy {
  const policy = signedIn(status, request)
  return { ...policy, expected: { ...policy.expected, anonymous: status } }
}

/** The same policy for each of `methods` on a path. */
function each(methods: readonly string[], path: string, policy: Policy): Readonly<Record<string, Policy>> {
  return Object.fromEntries(methods.map(method => [`${method} ${path}`, policy]))
}

const sending =
  (body: unknown): Request =>
  () => ({ body })
const conversation = '/api/v1/conversations/{id}/'
const message = `${conversation}messages/{messageId}/`
const members = `${conversation}members/`
/** Members may read, and so may a blocked user in the direct conversation. */
const READ: ByRole = [200, 200, 200, 404, 200]

/** The policy of every route. */
export const policies: Readonly<Record<string, Policy>> = {
  'GET /livez': everybody(200),
  'GET /readyz': everybody(200),

  // The body is invalid, and the answer does not depend on the caller.
  ...each(['POST'], '/auth/login/', everybody(400, sending({}))),
  ...each(['POST'], '/login/', everybody(400, sending({}))),
  ...each(['POST'], '/api/token/', everybody(400, sending({}))),
  ...each(['POST'], '/api/token/refresh/', everybody(400, sending({}))),
  ...each(['POST'], '/api/token/verify/', everybody(400, sending({}))),
  ...each(['POST'], '/api/token/blacklist/', everybody(400, sending({}))),
  ...each(['POST'], '/api/v1/auth/register/', everybody(400, sending({}))),
  ...each(['POST'], '/register/', everybody(400, sending({}))),

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

  'GET /users/': signedIn(200),
  'GET /api/v1/users/': signedIn(200, () => ({ query: '?search=na' })),
  'GET /api/v1/server/': everybody(200),
  'GET /users/{id}/': only([200, 200, 200, 200, 404]),
  'GET /api/v1/auth/users/{id}/': only([200, 200, 200, 200, 404]),

  'GET /api/v1/conversations/': signedIn(200),
  'POST /api/v1/conversations/': only([201, 201, 201, 201, 400], ({ owner }) => ({ body: { participants: [owner] } })),
  [`GET ${conversation}`]: only(READ),
  [`PATCH ${conversation}`]: only([200, 200, 403, 404, 404], sending({ title: 'after' })),
  ...each(['DELETE', 'POST'], `${conversation}leave/`, only([200, 200, 200, 404, 200])),
  [`GET ${members}`]: only(READ),
  [`POST ${members}`]: only([204, 204, 403, 404, 404], ({ outsider }) => ({ body: { user_ids: [outsider] } })),
  [`POST ${members}remove/`]: only([204, 204, 403, 404, 404], ({ bystander }) => ({ body: { user_ids: [bystander] } })),
  [`DELETE ${members}{userId}/`]: only([204, 204, 403, 404, 404]),
  [`PATCH ${members}{userId}/`]: only([204, 403, 403, 404, 404], sending({ role: 'admin' })),

  [`GET ${conversation}messages/`]: only(READ),
  [`POST ${conversation}messages/`]: only([201, 201, 201, 404, 404], sending({ content: 'hello' })),
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
  'POST /messages/send/': only([201, 201, 201, 201, 400], ({ owner }) => ({
    body: { receiver: owner, content: 'hello' }
  })),

  'POST /api/v1/sync/': signedIn(200, ({ conversation: id }) => ({
    body: { since: null, ranges: [{ stream: `conversation:${id}`, after: 0 }] }
  })),
  'POST /api/v1/realtime/ticket/': signedIn(201)
}
