import type { Rooms } from '../room.ts'
import type { DatabaseSettings } from './api.ts'

/** Opens each role of a bench process. Its code is loaded only then, so that no process holds the code of another
 *  role. */
export const roles = {
  api: async (settings: DatabaseSettings) => (await import('./api.ts')).openApi(settings),
  chat: async (settings: DatabaseSettings) => (await import('./chat.ts')).openChat(settings),
  bare: async (settings: Rooms) => (await import('./bare.ts')).openBare(settings),
  gateway: async (settings: Rooms) => (await import('./gateway.ts')).openGateway(settings),
  load: async (_settings: object) => (await import('./load.ts')).openLoad(),
  node: async (settings: DatabaseSettings) => (await import('./node.ts')).openNode(settings),
  naive: async (settings: DatabaseSettings) => (await import('./naive.ts')).openNaive(settings),
  pairs: async (_settings: object) => (await import('./pairs.ts')).openPairs(),
  readers: async (_settings: object) => (await import('./readers.ts')).openReaders()
}
/** The roles, by name. */
export type Roles = typeof roles
/** The name of a role. */
export type RoleName = keyof Roles
