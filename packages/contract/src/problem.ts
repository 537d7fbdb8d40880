import { Type } from 'typebox'
import { type ApiError, ErrorCode, errorKinds } from './error.ts'

/**
 * The body of every error: RFC 9457, with Django REST framework's arrays by field standing at the top as well, first, unless
 * a field's name is one of these members.
 */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'URN of the code' }),
    title: Type.String({ description: 'Phrase of the status' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What went wrong, for a person' }),
    code: ErrorCode,
    request_id: Type.String({
      description: 'Names this request in the logs; a request can bring its own as X-Request-Id'
    }),
    errors: Type.Optional(
      Type.Record(Type.String(), Type.Array(Type.String()), {
        description: 'Messages by field; non_field_errors for the whole'
      })
    )
  },
  { $id: 'Problem', additionalProperties: true, description: 'RFC 9457 problem details' }
)

const ours: ReadonlySet<string> = new Set(Object.keys(Problem.properties))

/** The `Problem` of `error`, its members in the order clients of both worlds expect. */
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
