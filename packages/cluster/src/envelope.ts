import { isUtf8 } from 'node:buffer'
import { ConversationId, UserId } from '@rendezvous/contract'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { malformed } from './error.ts'

/** Largest envelope in bytes: a batch of 50 messages whose bodies are as large as a request may be, with room to spare. */
export const ENVELOPE_BYTES = 8 * 1024 * 1024

const Seq = Type.Integer({ minimum: 0, maximum: 2_147_483_647 })
const Stream = Type.String({ minLength: 1 })
const Sender = Type.Unsafe<UserId | 0>(Type.Integer({ minimum: 0 }))

const EventsHeader = Type.Object({
  kind: Type.Literal('events'),
  stream: Stream,
  from: Seq,
  to: Seq,
  /** Who sent the frame's message when it is a `message_created`, else 0: a gateway reports delivery without parsing. One per frame. */
  senders: Type.Optional(Type.Array(Sender)),
  /** The conversation, when the stream is one's. */
  conversation: Type.Optional(ConversationId),
  /** Last membership change of the room that these events know of: who has not applied it delivers none of them. */
  members_seq: Type.Optional(Seq),
  /** People whom the one frame brings into the room (its creation included), and whom it takes out. Such an envelope holds one frame. */
  joined: Type.Optional(Type.Array(UserId)),
  left: Type.Optional(Type.Array(UserId))
})

const CourtesyHeader = Type.Object({
  kind: Type.Literal('courtesy'),
  /** May not overtake this value of this stream. */
  after: Type.Optional(Type.Object({ stream: Stream, seq: Seq })),
  /** The room, when it goes to one's topic, and as of which change of its members. */
  conversation: Type.Optional(ConversationId),
  members_seq: Type.Optional(Seq)
})

const ControlHeader = Type.Object({
  kind: Type.Literal('control'),
  end_sessions: Type.Union([Type.Literal('all'), Type.Array(Type.String())]),
  spare: Type.Optional(Type.String()),
  user_id: UserId,
  code: Type.Integer({ minimum: 1000, maximum: 4999 })
})

const Header = Type.Union([EventsHeader, CourtesyHeader, ControlHeader])

/** What a gateway must know to route the frames beneath: `events`, `courtesy`, or `control`, which no client sees. */
export type Header = Static<typeof Header>
/** Consecutive changes of one stream: one frame for each of `from` to `to`, in order. */
export type EventsHeader = Static<typeof EventsHeader>
/** Receipts, presence, typing: takes no value of a stream. */
export type CourtesyHeader = Static<typeof CourtesyHeader>
/** Sockets of these sessions of `user_id` are to close with `code`, save those opened with the access token `spare` (its `jti`). */
export type ControlHeader = Static<typeof ControlHeader>

/** A bus message: how to route it, and what clients get, byte for byte. Each frame is one JSON text without a raw newline. */
export interface Envelope {
  readonly header: Header
  readonly frames: readonly string[]
}

const header = Compile(Header)

/** The envelope's bytes: the header's JSON and each frame on a line of its own, in UTF-8.
 *  @throws ClusterError `malformed` for what `decode` would refuse. */
export function encode(envelope: Envelope): Buffer {
  if (!header.Check(envelope.header)) throw malformed('the header is none of ours')
  refuseMismatch(envelope)
  if (envelope.frames.some(frame => frame.includes('\n'))) throw malformed('a frame holds a newline')

  const bytes = Buffer.from([JSON.stringify(envelope.header), ...envelope.frames].join('\n'))
  if (bytes.length > ENVELOPE_BYTES) throw malformed('too large')
  return bytes
}

/** The envelope that was encoded, its frames unparsed. Fields of the header that this version does not know are kept.
 *  @throws ClusterError `malformed` for any other bytes. */
export function decode(bytes: Uint8Array): Envelope {
  if (bytes.length > ENVELOPE_BYTES) throw malformed('too large')
  if (!isUtf8(bytes)) throw malformed('not UTF-8')

  const [first = '', ...frames] = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString().split('\n')
  const envelope = { header: parseHeader(first), frames }
  refuseMismatch(envelope)
  return envelope
}

function parseHeader(line: string): Header {
  const value = parse(line)
  if (!header.Check(value)) throw malformed('the header is none of ours')
  return value
}

/** Undefined for what is no JSON: the parser's own message would quote it. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function refuseMismatch({ header: parsed, frames }: Envelope): void {
  if (frames.includes('')) throw malformed('an empty frame')
  if (parsed.kind === 'control' && frames.length > 0) throw malformed('control carries frames')
  if (parsed.kind === 'courtesy' && frames.length === 0) throw malformed('no frames')
  if (parsed.kind === 'events') refuseMiscount(parsed, frames.length)
}

function refuseMiscount({ from, to, senders }: EventsHeader, frames: number): void {
  if (to < from || frames !== to - from + 1) throw malformed('frames do not match from and to')
  if (senders !== undefined && senders.length !== frames) throw malformed('senders do not match frames')
}
