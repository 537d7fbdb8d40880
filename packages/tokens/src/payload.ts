import { UserId } from '@rendezvous/contract'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' })
/** Seconds since 1970, in the range of a Date. */
const Time = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000 })

const Payload = Type.Object({
  iss: Type.String(),
  aud: Type.String(),
  token_type: Type.Union([Type.Literal('access'), Type.Literal('refresh')]),
  user_id: UserId,
  sid: Uuid,
  jti: Uuid,
  iat: Time,
  exp: Time,
  nbf: Type.Optional(Time),
  gen: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
  parent: Type.Optional(Uuid),
  parent_exp: Type.Optional(Time)
})

/** The payload of a token. Times are in seconds since 1970. */
export type Payload = Static<typeof Payload>

const payload = Compile(Payload)

/** Whether `value` has every required claim with the right type. Unknown claims are allowed. */
export function isPayload(value: unknown): value is Payload {
  return payload.Check(value)
}
