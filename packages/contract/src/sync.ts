import { type Static, Type } from 'typebox'
import { Conversation } from './conversation.ts'
import { Stream } from './event/common.ts'
import { Member } from './group.ts'
import { limits } from './limits.ts'
import { Message } from './message.ts'
import { ConversationId, MessageId, Nullable, ref, Seq, UserId } from './scalar.ts'

/** Opaque to clients: what a sync answered as `next`. */
const Position = Type.String({ minLength: 1, maxLength: limits.cursorCharacters })

/** What a client asks for: what changed at all since `since`, and what changed in streams it follows since where it stands in them. */
export const SyncRequest = Type.Object(
  {
    since: Type.Optional(Nullable(Position)),
    ranges: Type.Optional(
      Type.Array(Type.Object({ stream: Stream, after: Seq }, { additionalProperties: false }), {
        maxItems: limits.syncRanges
      })
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.syncEntries }))
  },
  { $id: 'SyncRequest', additionalProperties: false }
)
export type SyncRequest = Static<typeof SyncRequest>

/** What changed in one stream after the client's place in it. */
export const SyncRange = Type.Object(
  {
    stream: Stream,
    /** `ok`, or what the client must do: `restart` (drop what it has of the stream and read anew), `gone` (drop it: not his, or no more). */
    status: Type.Union([Type.Literal('ok'), Type.Literal('restart'), Type.Literal('gone')]),
    /** Where the client stands after taking this in. */
    position: Seq,
    /** Last value of the stream when this was read. */
    head: Seq,
    /** True when more lies between `position` and `head`: ask again from `position`. */
    more: Type.Boolean(),
    /** Messages that were made or changed, as they are now. */
    messages: Type.Array(ref(Message)),
    /** Messages that are gone. */
    deleted: Type.Array(Type.Object({ id: MessageId, seq: Seq, changed_seq: Seq })),
    /** Members who came or have another role. */
    members: Type.Array(ref(Member)),
    /** Who left. */
    left: Type.Array(UserId),
    /** The conversation itself, as it is now; null for a personal stream and unless `status` is `ok`. */
    conversation: Nullable(ref(Conversation))
  },
  { $id: 'SyncRange' }
)
export type SyncRange = Static<typeof SyncRange>

/** The answer to a sync. */
export const SyncAnswer = Type.Object(
  {
    /** To be kept, and given as `since` the next time. */
    next: Position,
    /** True when more changed than is answered here: ask again from `next`. */
    more: Type.Boolean(),
    /** True when `since` is too old or from elsewhere: this answers as if none was given; drop conversations that it does not name. */
    restart: Type.Boolean(),
    conversations: Type.Array(ref(Conversation)),
    /** Conversations that one is no longer in. */
    left: Type.Array(ConversationId),
    ranges: Type.Array(ref(SyncRange))
  },
  { $id: 'SyncAnswer' }
)
export type SyncAnswer = Static<typeof SyncAnswer>
