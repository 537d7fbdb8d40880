import type { TSchema } from 'typebox'
import { Type } from 'typebox'
import { limits } from './limits.ts'
import { ConversationId, MessageId, Nullable } from './scalar.ts'

const PageSize = Type.Integer({
  minimum: 1,
  maximum: limits.pageSizeMax,
  description: `Entries of a page; ${limits.pageSize} when not named, more than ${limits.pageSizeMax} counts as that`
})

/** Parameters of every list. Naming one gets the envelope `{next, previous, results}` in place of the bare array. */
export const ListQuery = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({
        maxLength: limits.cursorCharacters,
        description: 'Where to go on, as `next` or `previous` gave it'
      })
    ),
    page_size: Type.Optional(PageSize),
    limit: Type.Optional(PageSize),
    page: Type.Optional(Type.String({ description: 'Only 1 exists: lists go on by `cursor`' }))
  },
  { $id: 'ListQuery' }
)

/** Parameters of a conversation's messages: those of a list, and message ids between which to look. */
export const MessagesQuery = Type.Object(
  { ...ListQuery.properties, before: Type.Optional(MessageId), after: Type.Optional(MessageId) },
  { $id: 'MessagesQuery' }
)

/** Parameters of a search: what to look for, and in which conversation alone. */
export const SearchQuery = Type.Object(
  {
    ...ListQuery.properties,
    q: Type.String({ minLength: 1, maxLength: limits.searchCharacters, description: 'What to look for' }),
    conversation: Type.Optional(ConversationId)
  },
  { $id: 'SearchQuery' }
)

/** Either the bare array, or Django REST framework's cursor envelope, of `item`. */
export function ListOf<T extends TSchema>(item: T) {
  return Type.Union([Type.Array(item), Page(item)])
}

/** Django REST framework's cursor envelope. */
export function Page<T extends TSchema>(item: T) {
  return Type.Object({ next: Nullable(Type.String()), previous: Nullable(Type.String()), results: Type.Array(item) })
}
