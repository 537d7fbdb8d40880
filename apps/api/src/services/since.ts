import { ApiError, ConversationId, UserId } from '@rendezvous/contract'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Since } from '../ports/sync.ts'

/** Version of what stands in a `since`. One of another version is refused like a forged one. */
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

/** `since` as text that is opaque to clients, good for `userId` alone. */
export function writeSince(userId: UserId, { origin, at, scan }: Since): string {
  const place = scan === undefined ? {} : { scan: { at: scan.changedAt, id: scan.id, whole: scan.whole } }
  const value: Static<typeof Content> = { v: VERSION, user: userId, origin, at, ...place }
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The `since` of a text. Another person's is one of no database at all. @throws ApiError `invalid_since` for what `writeSince` did not write. */
export function readSince(userId: UserId, text: string): Since {
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
