import { isUtf8 } from 'node:buffer'
import { ConversationId, UserId } from '@rendezvous/contract'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { malformed } from './error.ts'

/** Largest envelope in bytes. A batch of 50 messages with the largest request bodies fits twice. */
export const ENVELOPE_BYTES = 8 * 1024 * 1024

const Seq = Type.Integer({ minimum: 0, maximum: 2_147_483_647 })
const Stream = Type.String({ minLength: 1 })
const Sender = Type.Unsafe<UserId | 0>(Type.Integer({ minimum: 0 }))

const EventsHeader = Type.Object({
  kind: Type.Literal('events'),
  stream: Stream,
  from: Seq,
  to: Seq,
  /** One entry per frame: the sender if the frame is a `message_created`, else 0. Gateways report delivery by it,
   *  without parsing the frame. */
  senders: Type.Optional(Type.Array(Sender)),
  /** The conversation, if the stream belongs to one. */
  conversation: Type.Optional(ConversationId),
  /** The room's last membership change before these events. A gateway that has not applied it delivers none of them. */
  members_seq: Type.Optional(Seq),
  /** False in a group of too many members for receipts: gateways report no delivery of these events. True when absent. */
  receipts: Type.Optional(Type.Boolean()),
  /** The users who join the room, or become members at its creation, and those who leave it. Such an envelope has one
   *  frame. */
  joined: Type.Optional(Type.Array(UserId)),
  left: Type.Optional(Type.Array(UserId))
})

const CourtesyHeader = Type.Object({
  kind: Type.Literal('courtesy'),
  /** Must not be delivered before this `seq` of this stream. */
  after: Type.Optional(Type.Object({ stream: Stream, seq: Seq })),
  /** The room, if this is published to a room topic, and the room's last membership change before it. */
  conversation: Type.Optional(ConversationId),
  members_seq: Type.Optional(Seq),
  /** The dialect of the sockets that get the frames. All sockets when absent. */
  dialect: Type.Optional(Type.String({ minLength: 1 }))
})

const ControlHeader = Type.Object({
  kind: Type.Literal('control'),
  end_sessions: Type.Union([Type.Literal('all'), Type.Array(Type.String())]),
  spare: Type.Optional(Type.String()),
  user_id: UserId,
  code: Type.Integer({ minimum: 1000, maximum: 4999 })
})

const Header = Type.Union([EventsHeader, CourtesyHeader, ControlHeader])

/** How a gateway routes the frames of an envelope. `control` is for gateways only; it carries no frames. */
export type Header = Static<typeof Header>
/** Consecutive changes of one stream: one frame for each seq from `from` to `to`, in order. */
export type EventsHeader = Static<typeof EventsHeader>
/** Receipts, presence and typing, which have no `seq`. A lost one is not repeated. */
export type CourtesyHeader = Static<typeof CourtesyHeader>
/** An order to close the sockets of these sessions of `user_id` with `code`, except those opened with the access token
 *  whose `jti` is `spare`. */
export type ControlHeader = Static<typeof ControlHeader>

/** A bus message: a header for gateways, and the frames that clients get byte for byte. A frame is one JSON text
 *  without a raw newline. */
export interface Envelope {
  readonly header: Header
  readonly frames: readonly string[]
}

const header = Compile(Header)

/** The envelope's bytes in UTF-8: the header's JSON and each frame, each on a line of its own.
 *  @throws ClusterError `malformed` for an envelope that `decode` would refuse. */
export function encode(envelope: Envelope): Buffer {
  if (!header.Check(envelope.header)) throw malformed('the header does not match its schema')
  refuseMismatch(envelope)
  if (envelope.frames.some(frame => frame.includes('\n'))) throw malformed('a frame contains a newline')

  const bytes = Buffer.from([JSON.stringify(envelope.header), ...envelope.frames].join('\n'))
  if (bytes.length > ENVELOPE_BYTES) throw malformed('too large')
  return bytes
}

/** The envelope of `bytes`, with its frames unparsed. Unknown fields of the header are kept.
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
  if (!header.Check(value)) throw malformed('the header does not match its schema')
  return value
}

/** Undefined for invalid JSON. The parser's error would quote the text. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function refuseMismatch({ header: parsed, frames }: Envelope): void {
  if (frames.includes('')) throw malformed('a frame is empty')
  if (parsed.kind === 'control' && frames.length > 0) throw malformed('a control envelope has frames')
  if (parsed.kind === 'courtesy' && frames.length === 0) throw malformed('a courtesy envelope has no frames')
  if (parsed.kind === 'events') refuseMiscount(parsed, frames.length)
}

function refuseMiscount({ from, to, senders }: EventsHeader, frames: number): void {
  if (to < from || frames !== to - from + 1) throw malformed('the number of frames does not match from and to')
  if (senders !== undefined && senders.length !== frames)
    throw malformed('the number of senders does not match the frames')
}
