import { Type } from 'typebox'
import { type ApiError, ErrorCode, errorKinds } from './error.ts'

/**
 * The body of every error: an RFC 9457 problem document. Django REST framework's arrays by field are its first members
 * too, except for a field that is named like a member of this document.
 */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'The code as a URN' }),
    title: Type.String({ description: 'Reason phrase of the status' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What went wrong, in words for people' }),
    code: ErrorCode,
    request_id: Type.String({
      description: 'Id of this request in the logs: the X-Request-Id header of the request if it had one'
    }),
    errors: Type.Optional(
      Type.Record(Type.String(), Type.Array(Type.String()), {
        description: 'Messages by field; `non_field_errors` holds messages about the whole input'
      })
    )
  },
  { $id: 'Problem', additionalProperties: true, description: 'RFC 9457 problem details' }
)

const ours: ReadonlySet<string> = new Set(Object.keys(Problem.properties))

/** The `Problem` of `error`. Field errors come first, because clients of Django backends show the first member. */
export function problemBody(error: ApiError, requestId: string): Record<string, unknown> {
  const fields = Object.entries(error.fields ?? {})
  return Object.fromEntries([
    ...fields.filter(([name]) => !ours.has(name)),
    ['type', `urn:rendezvous:error:${error.code}`],
    ['title', errorKinds[error.code].title],
    ['status', error.status],
    ['detail', error.message],
    ['code', error.code],
    ['request_id', requestId],
    ...(fields.length > 0 ? [['errors', error.fields]] : []),
    ...Object.entries(error.extra).filter(([name]) => !ours.has(name))
  ])
}
