import type { EventsHeader, Header } from '@rendezvous/cluster'
import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import { textFrame } from './text-frame.ts'

/** A frame for clients: its bytes as they go out, made once whatever the number of sockets. */
export interface Frame {
  readonly bytes: Buffer
  /** Set on a new message: whose it is and where it stands, so that its delivery can be reported unparsed. */
  readonly message: { readonly sender: UserId; readonly conversationId: ConversationId; readonly seq: Seq } | null
  /** Set on what goes to a room. */
  readonly room: RoomFacts | null
}

/** Where a frame of a room stands, so that only those hear it who were in the room then. */
export interface RoomFacts {
  readonly conversationId: ConversationId
  /** Its value of the room's stream; null for a courtesy. */
  readonly seq: Seq | null
  /** The last change of members that it knows of, itself included. */
  readonly membersSeq: Seq
  /** Whom it brings into the room, and whom it takes out. */
  readonly joined: readonly UserId[]
  readonly left: readonly UserId[]
}

/** A frame of a room. */
export type RoomFrame = Frame & { readonly room: RoomFacts }

const NOBODY: readonly UserId[] = []

/** The frames under `header`, as they go out. */
export function framesOf(header: Header, texts: readonly string[]): Frame[] {
  return texts.map((text, index) => ({
    bytes: textFrame(text),
    message: messageOf(header, index),
    room: roomOf(header, index)
  }))
}

/** Whether the frame is one of a room. */
export function isOfRoom(frame: Frame): frame is RoomFrame {
  return frame.room !== null
}

function messageOf(header: Header, index: number): Frame['message'] {
  if (header.kind !== 'events') return null
  const sender = header.senders?.[index]
  if (sender === undefined || sender === 0 || header.conversation === undefined) return null
  return { sender, conversationId: header.conversation, seq: seqOf(header, index) }
}

function roomOf(header: Header, index: number): RoomFacts | null {
  if (header.kind === 'control' || header.conversation === undefined || header.members_seq === undefined) return null
  const { conversation: conversationId } = header
  const membersSeq = header.members_seq as Seq
  if (header.kind === 'courtesy') return { conversationId, membersSeq, seq: null, joined: NOBODY, left: NOBODY }
  const { joined = NOBODY, left = NOBODY } = header
  return { conversationId, membersSeq, seq: seqOf(header, index), joined, left }
}

function seqOf({ from }: EventsHeader, index: number): Seq {
  return (from + index) as Seq
}
