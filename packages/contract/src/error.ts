import { Type } from 'typebox'

/** What every error of one code has in common. `detail` is the text when the place that throws has none of its own. */
interface ErrorKind {
  readonly status: number
  readonly title: string
  readonly detail: string
}

/**
 * Every error the product answers with, over HTTP and on the socket. Codes and texts are those of Django REST framework
 * and SimpleJWT where these have one.
 */
export const errorKinds = Object.freeze({
  invalid: { status: 400, title: 'Bad Request', detail: 'Invalid input.' },
  parse_error: { status: 400, title: 'Bad Request', detail: 'Malformed request.' },
  bad_url: { status: 400, title: 'Bad Request', detail: 'The address is not well-formed.' },
  media_unavailable: { status: 400, title: 'Bad Request', detail: 'Media messages are not available on this server.' },
  not_a_group: { status: 400, title: 'Bad Request', detail: 'This conversation is of two people.' },
  invalid_since: { status: 400, title: 'Bad Request', detail: 'Not what a sync answered as `next`.' },
  bad_position: {
    status: 400,
    title: 'Bad Request',
    detail: 'The stream has not come that far. Drop what you have of it, and read it anew.'
  },
  not_authenticated: { status: 401, title: 'Unauthorized', detail: 'Authentication credentials were not provided.' },
  bad_authorization_header: {
    status: 401,
    title: 'Unauthorized',
    detail: 'Authorization header must contain two space-delimited values'
  },
  token_not_valid: { status: 401, title: 'Unauthorized', detail: 'Given token not valid for any token type' },
  ticket_not_valid: { status: 401, title: 'Unauthorized', detail: 'The ticket is unknown, used or expired.' },
  no_active_account: {
    status: 401,
    title: 'Unauthorized',
    detail: 'No active account found with the given credentials'
  },
  permission_denied: { status: 403, title: 'Forbidden', detail: 'You do not have permission to perform this action.' },
  origin_not_allowed: { status: 403, title: 'Forbidden', detail: 'This origin may not open a socket here.' },
  not_found: { status: 404, title: 'Not Found', detail: 'Not found.' },
  invalid_cursor: { status: 404, title: 'Not Found', detail: 'Invalid cursor' },
  method_not_allowed: { status: 405, title: 'Method Not Allowed', detail: 'Method not allowed.' },
  not_acceptable: {
    status: 406,
    title: 'Not Acceptable',
    detail: 'Could not satisfy the request Accept header.'
  },
  request_timeout: { status: 408, title: 'Request Timeout', detail: 'The request took too long to arrive.' },
  client_id_conflict: {
    status: 409,
    title: 'Conflict',
    detail: 'This client_id was used for another message of yours in this conversation.'
  },
  group_full: { status: 409, title: 'Conflict', detail: 'The group has as many members as a group can have.' },
  payload_too_large: { status: 413, title: 'Content Too Large', detail: 'The request body is larger than the limit.' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported Media Type',
    detail: 'Unsupported media type in request.'
  },
  throttled: { status: 429, title: 'Too Many Requests', detail: 'Request was throttled.' },
  too_many_sockets: {
    status: 429,
    title: 'Too Many Requests',
    detail: 'This account has as many sockets open as it may.'
  },
  headers_too_large: {
    status: 431,
    title: 'Request Header Fields Too Large',
    detail: 'The request headers are larger than the limit.'
  },
  bad_frame: { status: 400, title: 'Bad Request', detail: 'The frame is not a JSON object in a text frame.' },
  unknown_command: { status: 400, title: 'Bad Request', detail: 'No command of this type exists.' },
  too_many_commands: {
    status: 429,
    title: 'Too Many Requests',
    detail: 'Too many commands of this socket wait for their answer.'
  },
  internal: { status: 500, title: 'Internal Server Error', detail: 'A server error occurred.' },
  unavailable: {
    status: 503,
    title: 'Service Unavailable',
    detail: 'Service temporarily unavailable, try again later.'
  }
} satisfies Record<string, ErrorKind>)

export type ErrorCode = keyof typeof errorKinds

/** The stable code of an error, for a program. */
export const ErrorCode = Type.Unsafe<ErrorCode>(
  Type.Enum(Object.keys(errorKinds), { description: 'Stable code, for a program' })
)

/** Messages by field, as Django REST framework gives them; `non_field_errors` for the whole. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>

/** A limit of which nothing is left: its name, what it allows, and how long until all of that is there again. */
export interface UsedUp {
  readonly name: string
  readonly limit: number
  readonly windowMs: number
  readonly resetMs: number
}

/** An error that is part of the contract: it says a code, and nothing of the inside. What is thrown and is none of these is a bug. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly fields: FieldErrors | undefined
  /** Further members of the answer, e.g. SimpleJWT's `messages`. */
  readonly extra: Readonly<Record<string, unknown>>
  /** Seconds after which it is worth trying again, for `Retry-After`. */
  readonly retryAfter: number | undefined
  /** The limit that refused, where it is another than the request counts in. */
  readonly usedUp: UsedUp | undefined

  constructor(code: ErrorCode, options: ApiErrorOptions = {}) {
    super(options.detail ?? errorKinds[code].detail)
    this.code = code
    this.status = errorKinds[code].status
    this.fields = options.fields
    this.extra = options.extra ?? {}
    this.retryAfter = options.retryAfter
    this.usedUp = options.usedUp
  }
}

interface ApiErrorOptions {
  detail?: string
  fields?: FieldErrors
  extra?: Readonly<Record<string, unknown>>
  retryAfter?: number
  usedUp?: UsedUp
}

/** Input that breaks rules of its fields. The first text is the `detail` too: clients that show `detail` show what is wrong. */
export function invalid(fields: FieldErrors): ApiError {
  const [detail = errorKinds.invalid.detail] = Object.values(fields).flat()
  return new ApiError('invalid', { fields, detail })
}

/** Too much in too short a time, in the words of Django REST framework's throttles. `afterMs` is how long until it is worth trying again,
 *  `usedUp` the limit that refused where the request itself counts in another. */
export function throttled(afterMs: number, usedUp?: UsedUp): ApiError {
  const seconds = Math.max(1, Math.ceil(afterMs / 1_000))
  const unit = seconds === 1 ? 'second' : 'seconds'
  const detail = `Request was throttled. Expected available in ${seconds} ${unit}.`
  return new ApiError('throttled', { detail, retryAfter: Math.max(1, afterMs) / 1_000, ...(usedUp && { usedUp }) })
}

/** Absent, not the caller's, or across a block: one answer for all three. */
export function notFound(): ApiError {
  return new ApiError('not_found')
}

/** Places above the last value of their `streams`: what the client has of them comes from elsewhere. */
export function badPosition(streams: readonly string[]): ApiError {
  return new ApiError('bad_position', { fields: { ranges: streams } })
}

/** The same `client_id` came with another text, or what `detail` says. */
export function clientIdConflict(detail?: string): ApiError {
  return new ApiError('client_id_conflict', detail === undefined ? {} : { detail })
}

/** The credentials of a log-in fit no active account. */
export function noActiveAccount(): ApiError {
  return new ApiError('no_active_account')
}

/** A bearer token was refused, in the words SimpleJWT's authentication uses. */
export function accessTokenNotValid(message = 'Token is invalid'): ApiError {
  return new ApiError('token_not_valid', {
    extra: { messages: [{ token_class: 'AccessToken', token_type: 'access', message }] }
  })
}

/** A refresh token was refused, in the words SimpleJWT's refresh view uses. */
export function refreshTokenNotValid(detail = 'Token is invalid'): ApiError {
  return new ApiError('token_not_valid', { detail })
}
