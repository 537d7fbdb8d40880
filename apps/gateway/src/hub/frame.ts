import type { EventsHeader, Header } from '@rendezvous/cluster'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import { textFrame } from './text-frame.ts'

/** Bytes to write to clients, encoded once for all sockets. */
export interface Frame {
  /** One whole WebSocket frame, or all frames of courtesies that arrived together. */
  readonly bytes: Buffer
  /** Set on a new message whose delivery must be reported, so that the bytes need not be parsed. */
  readonly message: { readonly sender: UserId; readonly conversationId: ConversationId; readonly seq: Seq } | null
  /** Set on a frame of a room. */
  readonly room: RoomFacts | null
  /** The dialect of the sockets that get the frame. Null for all sockets. */
  readonly dialect: string | null
}

/** The position of a frame in a room's stream. Decides which members may hear it. */
export interface RoomFacts {
  readonly conversationId: ConversationId
  /** Null for a courtesy. */
  readonly seq: Seq | null
  /** The last change of members that the publisher knew, this frame included. */
  readonly membersSeq: Seq
  /** Users who join the room by this frame, and users who leave it. */
  readonly joined: readonly UserId[]
  readonly left: readonly UserId[]
}

/** A frame of a room. */
export type RoomFrame = Frame & { readonly room: RoomFacts }

const NO_USERS: readonly UserId[] = []

/** Encodes the texts that came under `header`: one frame for each event, one for all courtesies together. */
export function framesOf(header: Header, texts: readonly string[]): Frame[] {
  const dialect = header.kind === 'courtesy' ? (header.dialect ?? null) : null
  if (header.kind === 'courtesy' && texts.length > 1)
    return [{ bytes: Buffer.concat(texts.map(textFrame)), message: null, room: roomOf(header, 0), dialect }]
  return texts.map((text, index) => ({
    bytes: textFrame(text),
    message: messageOf(header, index),
    room: roomOf(header, index),
    dialect
  }))
}

/** Whether the frame belongs to a room. */
export function isOfRoom(frame: Frame): frame is RoomFrame {
  return frame.room !== null
}

function messageOf(header: Header, index: number): Frame['message'] {
  if (header.kind !== 'events' || header.receipts === false) return null
  const sender = header.senders?.[index]
  if (sender === undefined || sender === 0 || header.conversation === undefined) return null
  return { sender, conversationId: header.conversation, seq: seqOf(header, index) }
}

function roomOf(header: Header, index: number): RoomFacts | null {
  if (header.kind === 'control' || header.conversation === undefined || header.members_seq === undefined) return null
  const { conversation: conversationId } = header
  const membersSeq = header.members_seq as Seq
  if (header.kind === 'courtesy') return { conversationId, membersSeq, seq: null, joined: NO_USERS, left: NO_USERS }
  const { joined = NO_USERS, left = NO_USERS } = header
  return { conversationId, membersSeq, seq: seqOf(header, index), joined, left }
}

function seqOf({ from }: EventsHeader, index: number): Seq {
  return (from + index) as Seq
}
