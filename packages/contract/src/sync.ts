import { type Static, Type } from 'typebox'
import { Conversation } from './conversation.ts'
import { Stream } from './event/common.ts'
import { PersonalEvent } from './event/personal.ts'
import { Member } from './group.ts'
import { limits } from './limits.ts'
import { Message } from './message.ts'
import { ConversationId, MessageId, ref, Seq, UserId } from './scalar.ts'

/** An opaque position over all conversations: the `next` of an earlier sync. */
const Position = Type.String({ minLength: 1, maxLength: limits.cursorCharacters })

/** A request for the conversations that changed after `since`, and for the changes of single streams in `ranges`. */
export const SyncRequest = Type.Object(
  {
    since: Type.Optional(
      Type.Union([Position, Type.Null()], {
        description:
          'The `next` of the last sync; null for all conversations. Without it, a request with `ranges` gets no conversations.'
      })
    ),
    ranges: Type.Optional(
      Type.Array(Type.Object({ stream: Stream, after: Seq }, { additionalProperties: false }), {
        maxItems: limits.syncRanges,
        description: 'Streams, each once, and the last `seq` of each that the client has applied; 0 if none'
      })
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.syncEntries,
        description: `Most changes in the answer, over all ranges, and most conversations (never above ${limits.syncConversations}). The changes of one \`seq\` are never split.`
      })
    )
  },
  { $id: 'SyncRequest', additionalProperties: false }
)
export type SyncRequest = Static<typeof SyncRequest>

/** The changes of one stream after the `after` of the request. */
export const SyncRange = Type.Object(
  {
    stream: Stream,
    status: Type.Union([Type.Literal('ok'), Type.Literal('restart'), Type.Literal('gone')], {
      description:
        '`restart`: drop your copy of the stream. Fetch a conversation again over HTTP and continue from its `last_seq`; request a personal stream from 0. `gone`: drop it, you are not a member'
    }),
    position: Type.Unsafe<Seq>({
      ...Seq,
      description: 'The `seq` from which the client continues after applying this range'
    }),
    head: Type.Unsafe<Seq>({
      ...Seq,
      description: 'Last `seq` of the stream when the answer was made; 0 unless `status` is `ok`'
    }),
    more: Type.Boolean({
      description: 'More changes follow: request them after `position`, and apply no event until `more` is false'
    }),
    messages: Type.Array(ref(Message), {
      description: 'Created and changed messages in their current state, ordered by `changed_seq`'
    }),
    deleted: Type.Array(Type.Object({ id: MessageId, seq: Seq, changed_seq: Seq }), {
      description: 'Deleted messages'
    }),
    members: Type.Array(ref(Member), { description: 'Members who joined or whose role changed' }),
    left: Type.Array(UserId, { description: 'Members who left or were removed' }),
    events: Type.Array(ref(PersonalEvent), {
      description:
        'The events of the personal stream, by ascending `seq`. Empty for a conversation: its changes are in the fields above'
    }),
    conversation: Type.Unsafe<Conversation | null>({
      anyOf: [ref(Conversation), Type.Null()],
      description:
        'The current conversation. Null for a personal stream, if `status` is not `ok`, and if no change of the range fitted'
    })
  },
  { $id: 'SyncRange' }
)
export type SyncRange = Static<typeof SyncRange>

/** The answer to a sync: one consistent snapshot of the database. */
export const SyncAnswer = Type.Object(
  {
    next: Type.Union([Position, Type.Null()], {
      description: 'The `since` of the next sync. Null if the request did not ask for conversations'
    }),
    more: Type.Boolean({ description: 'More conversations changed: request them with `since` set to `next`' }),
    restart: Type.Boolean({
      description:
        '`since` is too old or unknown, so the answer is that to null. Drop conversations that are neither on this page nor on the following ones'
    }),
    conversations: Type.Array(ref(Conversation), {
      description: 'Changed conversations, the most recently changed last'
    }),
    left: Type.Array(ConversationId, { description: 'Conversations of which the caller is no longer a member' }),
    ranges: Type.Array(ref(SyncRange), { description: 'One range for each of the request, in the same order' })
  },
  { $id: 'SyncAnswer' }
)
export type SyncAnswer = Static<typeof SyncAnswer>
