import { type Static, Type } from 'typebox'
import { Conversation } from './conversation.ts'
import { Stream } from './event/common.ts'
import { PersonalEvent } from './event/personal.ts'
import { Member } from './group.ts'
import { limits } from './limits.ts'
import { Message } from './message.ts'
import { ConversationId, MessageId, ref, Seq, UserId } from './scalar.ts'

/** Opaque to clients: what a sync answered as `next`. */
const Position = Type.String({ minLength: 1, maxLength: limits.cursorCharacters })

/** What a client asks for: what changed at all since `since`, and what changed in streams it follows since where it stands in them. */
export const SyncRequest = Type.Object(
  {
    since: Type.Optional(
      Type.Union([Position, Type.Null()], {
        description:
          'What the last sync answered as `next`; null for all conversations. Left out beside `ranges`, conversations are not asked for.'
      })
    ),
    ranges: Type.Optional(
      Type.Array(Type.Object({ stream: Stream, after: Seq }, { additionalProperties: false }), {
        maxItems: limits.syncRanges,
        description: 'Streams, each once, and the last value of each that the client has; 0 for none of it'
      })
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.syncEntries,
        description: `Changes to answer at most, of all ranges together, and conversations at most (${limits.syncConversations}). A value is answered whole, whatever it holds.`
      })
    )
  },
  { $id: 'SyncRequest', additionalProperties: false }
)
export type SyncRequest = Static<typeof SyncRequest>

/** What changed in one stream after the client's place in it. */
export const SyncRange = Type.Object(
  {
    stream: Stream,
    status: Type.Union([Type.Literal('ok'), Type.Literal('restart'), Type.Literal('gone')], {
      description:
        '`restart`: drop what you have of the stream; of a conversation, read it anew over HTTP, and then stand at its `last_seq`; of a personal stream, ask from 0. `gone`: drop it, it is not yours (any more)'
    }),
    position: Type.Unsafe<Seq>({ ...Seq, description: 'Where the client stands after taking this in' }),
    head: Type.Unsafe<Seq>({ ...Seq, description: 'Last value of the stream when this was read; 0 unless `ok`' }),
    more: Type.Boolean({
      description: 'There is more of it than fitted: ask again from `position`, and apply no event before that'
    }),
    messages: Type.Array(ref(Message), {
      description: 'Messages that were made or changed, as they are now, by `changed_seq`'
    }),
    deleted: Type.Array(Type.Object({ id: MessageId, seq: Seq, changed_seq: Seq }), {
      description: 'Messages that are gone'
    }),
    members: Type.Array(ref(Member), { description: 'Members who came, or have another role' }),
    left: Type.Array(UserId, { description: 'Who is out of the conversation' }),
    events: Type.Array(ref(PersonalEvent), {
      description:
        'Of my personal stream what was told, ascending; of a conversation nothing: its changes are in the fields above'
    }),
    conversation: Type.Unsafe<Conversation | null>({
      anyOf: [ref(Conversation), Type.Null()],
      description:
        'The conversation as it is now. Null for a personal stream, unless `status` is `ok`, and where nothing of the range fitted'
    })
  },
  { $id: 'SyncRange' }
)
export type SyncRange = Static<typeof SyncRange>

/** The answer to a sync. Everything in it is of one moment. */
export const SyncAnswer = Type.Object(
  {
    next: Type.Union([Position, Type.Null()], {
      description: 'To be kept, and given as `since` the next time; null when conversations were not asked for'
    }),
    more: Type.Boolean({ description: 'More conversations changed than fitted: ask again from `next`' }),
    restart: Type.Boolean({
      description:
        '`since` is too old or from elsewhere, and is answered as null would be: drop conversations that neither this page nor those after it name'
    }),
    conversations: Type.Array(ref(Conversation), { description: 'Those that changed, the last changed last' }),
    left: Type.Array(ConversationId, { description: 'Conversations that one is no longer in' }),
    ranges: Type.Array(ref(SyncRange), { description: 'One for each that was asked for, in their order' })
  },
  { $id: 'SyncAnswer' }
)
export type SyncAnswer = Static<typeof SyncAnswer>
