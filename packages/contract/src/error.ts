import { Type } from 'typebox'
import { limits } from './limits.ts'

/** What all errors of one code share. `detail` is the default text. */
interface ErrorKind {
  readonly status: number
  readonly title: string
  readonly detail: string
}

/**
 * Every error that a client can receive, over HTTP and on the socket. Codes and texts are those of Django REST
 * framework and SimpleJWT where these have one.
 */
export const errorKinds = Object.freeze({
  invalid: { status: 400, title: 'Bad Request', detail: 'Invalid input.' },
  parse_error: { status: 400, title: 'Bad Request', detail: 'Malformed request.' },
  bad_url: { status: 400, title: 'Bad Request', detail: 'The URL is malformed. Check its percent-encoding.' },
  media_unavailable: { status: 400, title: 'Bad Request', detail: 'Media messages are not available on this server.' },
  not_a_group: { status: 400, title: 'Bad Request', detail: 'This conversation is not a group.' },
  invalid_since: { status: 400, title: 'Bad Request', detail: 'Send the `next` of an earlier sync, or null.' },
  bad_position: {
    status: 400,
    title: 'Bad Request',
    detail: '`after` is above the last `seq` of the stream. Drop your copy of the stream and fetch it again.'
  },
  not_authenticated: { status: 401, title: 'Unauthorized', detail: 'Authentication credentials were not provided.' },
  bad_authorization_header: {
    status: 401,
    title: 'Unauthorized',
    detail: 'Authorization header must contain two space-delimited values'
  },
  token_not_valid: { status: 401, title: 'Unauthorized', detail: 'Given token not valid for any token type' },
  ticket_not_valid: {
    status: 401,
    title: 'Unauthorized',
    detail: 'The ticket is unknown, used or expired. Request a new one.'
  },
  no_active_account: {
    status: 401,
    title: 'Unauthorized',
    detail: 'No active account found with the given credentials'
  },
  permission_denied: { status: 403, title: 'Forbidden', detail: 'You do not have permission to perform this action.' },
  people_list_off: { status: 403, title: 'Forbidden', detail: 'This server does not list its people.' },
  origin_not_allowed: { status: 403, title: 'Forbidden', detail: 'This origin may not open a socket.' },
  not_found: { status: 404, title: 'Not Found', detail: 'Not found.' },
  invalid_cursor: { status: 404, title: 'Not Found', detail: 'Invalid cursor' },
  method_not_allowed: { status: 405, title: 'Method Not Allowed', detail: 'Method not allowed.' },
  not_acceptable: {
    status: 406,
    title: 'Not Acceptable',
    detail: 'Could not satisfy the request Accept header.'
  },
  request_timeout: {
    status: 408,
    title: 'Request Timeout',
    detail: 'The request took too long to arrive. Send it again.'
  },
  client_id_conflict: {
    status: 409,
    title: 'Conflict',
    detail: 'You already used this client_id for another message in this conversation. Send a new one.'
  },
  group_full: { status: 409, title: 'Conflict', detail: 'The group has the highest number of members allowed.' },
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
    detail: 'This account has too many open sockets. Close one first.'
  },
  headers_too_large: {
    status: 431,
    title: 'Request Header Fields Too Large',
    detail: 'The request headers are larger than the limit.'
  },
  bad_frame: { status: 400, title: 'Bad Request', detail: 'The frame is not a text frame with a JSON object.' },
  unknown_command: { status: 400, title: 'Bad Request', detail: 'There is no command of this type.' },
  too_many_commands: {
    status: 429,
    title: 'Too Many Requests',
    detail: 'Too many commands of this socket are unanswered. Wait for answers before sending more.'
  },
  internal: { status: 500, title: 'Internal Server Error', detail: 'A server error occurred.' },
  unavailable: {
    status: 503,
    title: 'Service Unavailable',
    detail: 'Service temporarily unavailable, try again later.'
  }
} satisfies Record<string, ErrorKind>)

export type ErrorCode = keyof typeof errorKinds

/** The stable code of an error, meant for programs. */
export const ErrorCode = Type.Unsafe<ErrorCode>(
  Type.Enum(Object.keys(errorKinds), { description: 'Stable code, meant for programs' })
)

/** Messages by field, as Django REST framework has them. `non_field_errors` holds messages about the whole input. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>

/** A limit that is used up: `limit` uses per `windowMs`, all available again after `resetMs`. */
export interface UsedUp {
  readonly name: string
  readonly limit: number
  readonly windowMs: number
  readonly resetMs: number
}

/** An error that a client may see: a code, and no internals. Anything else that is thrown is a bug. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly fields: FieldErrors | undefined
  /** Additional members of the error body, e.g. SimpleJWT's `messages`. */
  readonly extra: Readonly<Record<string, unknown>>
  /** Seconds to wait before a retry, for `Retry-After`. */
  readonly retryAfter: number | undefined
  /** The limit that refused, if it is not the limit class of the request. */
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

/** The error for invalid fields. Its `detail` is the first text of `fields`, for clients that show only `detail`. The
 *  first fields are told, as many as fit into an answer of `limits.errorBytes`. */
export function invalid(fields: FieldErrors): ApiError {
  const told = boundedFields(fields)
  const [detail = errorKinds.invalid.detail] = Object.values(told).flat()
  return new ApiError('invalid', { fields: told, detail })
}

/** The rest of an answer: its other members, and `detail`, which repeats a text. */
const FIELDS_BYTES = limits.errorBytes - 1_500
const NAME_CHARACTERS = 100
const TEXT_CHARACTERS = 500
const encoder = new TextEncoder()

function boundedFields(fields: FieldErrors): FieldErrors {
  const told: [string, readonly string[]][] = []
  let bytes = 0
  for (const name of Object.keys(fields)) {
    for (const [n, text] of (fields[name] ?? []).entries()) {
      const entry: [string, string] = [cut(name, NAME_CHARACTERS), cut(text, TEXT_CHARACTERS)]
      bytes += encoder.encode(JSON.stringify(entry)).length
      if (bytes > FIELDS_BYTES) return Object.fromEntries(told)
      const last = told.at(-1)
      if (n > 0 && last !== undefined) told[told.length - 1] = [entry[0], [...last[1], entry[1]]]
      else told.push([entry[0], [entry[1]]])
    }
  }
  return Object.fromEntries(told)
}

/** The beginning of `text`, without half a character at its end. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, '')
}

/** The error for too many requests, with the text of Django REST framework's throttles. `afterMs` is the time to wait
 *  before a retry. `usedUp` is the limit that refused, if it is not the limit class of the request. */
export function throttled(afterMs: number, usedUp?: UsedUp): ApiError {
  const seconds = Math.max(1, Math.ceil(afterMs / 1_000))
  const unit = seconds === 1 ? 'second' : 'seconds'
  const detail = `Request was throttled. Expected available in ${seconds} ${unit}.`
  return new ApiError('throttled', { detail, retryAfter: Math.max(1, afterMs) / 1_000, ...(usedUp && { usedUp }) })
}

/** One error for what is absent, what is not the caller's, and what is across a block, so that the three look alike. */
export function notFound(): ApiError {
  return new ApiError('not_found')
}

/** The error for an `after` above the last `seq` of its stream. `streams` names every stream for which that is so. */
export function badPosition(streams: readonly string[]): ApiError {
  return new ApiError('bad_position', { fields: { ranges: streams } })
}

/** The error for a `client_id` that the caller used before with different content. */
export function clientIdConflict(detail?: string): ApiError {
  return new ApiError('client_id_conflict', detail === undefined ? {} : { detail })
}

/** The error for login credentials that match no active account. */
export function noActiveAccount(): ApiError {
  return new ApiError('no_active_account')
}

/** The same error with the first backend's text. */
export function invalidCredentials(): ApiError {
  return new ApiError('no_active_account', { detail: 'Invalid credentials.' })
}

/** The error for a refused bearer token, with the texts of SimpleJWT's authentication. */
export function accessTokenNotValid(message = 'Token is invalid'): ApiError {
  return new ApiError('token_not_valid', {
    extra: { messages: [{ token_class: 'AccessToken', token_type: 'access', message }] }
  })
}

/** The error for a refused refresh token, with the texts of SimpleJWT's refresh view. */
export function refreshTokenNotValid(detail = 'Token is invalid'): ApiError {
  return new ApiError('token_not_valid', { detail })
}
