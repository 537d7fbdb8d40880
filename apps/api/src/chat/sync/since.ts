import { ApiError, ConversationId, UserId } from '@rendezvous/contract'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { SyncCursor } from './port.ts'

/** Version of the content of a `since`. Another version is refused like a forged one. */
const VERSION = 1
const Moment = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 })
const Content = Type.Object({
  v: Type.Literal(VERSION),
  user: UserId,
  origin: Type.String(),
  at: Moment,
  scan: Type.Optional(Type.Object({ at: Moment, id: ConversationId, whole: Type.Boolean() }))
})
const content = Compile(Content)

/** `since` as a text that is opaque to clients, and valid for `userId` alone. */
export function writeSince(userId: UserId, { origin, at, scan }: SyncCursor): string {
  const place = scan === undefined ? {} : { scan: { at: scan.changedAt, id: scan.id, whole: scan.whole } }
  const value: Static<typeof Content> = { v: VERSION, user: userId, origin, at, ...place }
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Reads a text of `writeSince`. That of another user has an empty `origin`, which no database has.
 *  @throws ApiError `invalid_since` for any other text. */
export function readSince(userId: UserId, text: string): SyncCursor {
  const value = parsed(text)
  if (!content.Check(value)) throw new ApiError('invalid_since')
  const { user, origin, at, scan } = value
  const place = scan === undefined ? {} : { scan: { changedAt: scan.at, id: scan.id, whole: scan.whole } }
  return { origin: user === userId ? origin : '', at, ...place }
}

function parsed(text: string): unknown {
  if (!/^[\w-]+$/.test(text)) return null
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return null
  }
}
