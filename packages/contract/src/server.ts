import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'

/** What a server can do. A client asks for the name of a feature before it offers it. */
export const serverFeatures = [
  ...['accounts', 'direct_conversations', 'groups', 'notes', 'replies', 'reactions', 'mentions', 'pins', 'edits'],
  ...['search', 'receipts', 'typing', 'presence', 'sessions', 'sync', 'tickets', 'people_search', 'people_list']
] as const

/** The name of a limit in answers: `messageCharacters` is `message_characters`. */
export function limitName(key: string): string {
  return key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

const LimitFields = Type.Object(
  Object.fromEntries(Object.keys(limits).map(key => [limitName(key), Type.Integer({ minimum: 0 })])),
  { description: 'Bounds that a client can reach: characters, bytes, milliseconds and numbers of things' }
)

export const ServerInfo = Type.Object(
  {
    name: Type.Literal('rendezvous'),
    version: Type.String({ description: 'The release, by semantic versioning' }),
    features: Type.Array(Type.String(), {
      description: `What the server can do, among ${serverFeatures.join(', ')}. Later releases add names`
    }),
    limits: LimitFields
  },
  { $id: 'ServerInfo', description: 'What a client may want to know before it signs in' }
)
export type ServerInfo = Static<typeof ServerInfo>
