import type { TSchema } from 'typebox'
import { Type } from 'typebox'
import { limits } from './limits.ts'
import { ConversationId, MessageId, Nullable } from './scalar.ts'

const PageSize = Type.Integer({
  minimum: 1,
  maximum: limits.pageSizeMax,
  description: `Entries of a page: ${limits.pageSize} by default; above ${limits.pageSizeMax} it is read as ${limits.pageSizeMax}`
})

/** Parameters of every list. With any of them the answer is the envelope `{next, previous, results}`, not a bare
 *  array. */
export const ListQuery = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({
        maxLength: limits.cursorCharacters,
        description: 'Where the page starts: the cursor in the `next` or `previous` of an earlier page'
      })
    ),
    page_size: Type.Optional(PageSize),
    limit: Type.Optional(PageSize),
    page: Type.Optional(Type.String({ description: 'Must be 1. Later pages are reached by `cursor`' }))
  },
  { $id: 'ListQuery' }
)

/** Parameters of a conversation's messages: those of a list, and the message ids that bound it, both exclusive. */
export const MessagesQuery = Type.Object(
  { ...ListQuery.properties, before: Type.Optional(MessageId), after: Type.Optional(MessageId) },
  { $id: 'MessagesQuery' }
)

/** Parameters of a search. `conversation` restricts it to one conversation. */
export const SearchQuery = Type.Object(
  {
    ...ListQuery.properties,
    q: Type.String({ minLength: 1, maxLength: limits.searchCharacters, description: 'The words to search for' }),
    conversation: Type.Optional(ConversationId)
  },
  { $id: 'SearchQuery' }
)

/** Parameters of a search for people. */
export const PeopleQuery = Type.Object(
  {
    ...ListQuery.properties,
    search: Type.String({
      minLength: 1,
      maxLength: limits.nameCharacters,
      description: `The beginning of a name, of ${limits.peopleSearchMin} characters or more`
    })
  },
  { $id: 'PeopleQuery' }
)

/** A list of `item`: the bare array, or Django REST framework's cursor envelope. */
export function ListOf<T extends TSchema>(item: T) {
  return Type.Union([Type.Array(item), Page(item)])
}

/** A page of `item` in Django REST framework's cursor envelope. */
export function Page<T extends TSchema>(item: T) {
  return Type.Object({ next: Nullable(Type.String()), previous: Nullable(Type.String()), results: Type.Array(item) })
}
