import type { Rooms } from '../room.ts'
import type { DatabaseSettings } from './api.ts'

/** What a process of the bench can be, and what opens it. Loaded when it is played, so that no process holds another role's code. */
export const roles = {
  api: async (settings: DatabaseSettings) => (await import('./api.ts')).openApi(settings),
  bare: async (settings: Rooms) => (await import('./bare.ts')).openBare(settings),
  gateway: async (settings: Rooms) => (await import('./gateway.ts')).openGateway(settings),
  load: async (_settings: object) => (await import('./load.ts')).openLoad(),
  naive: async (settings: DatabaseSettings) => (await import('./naive.ts')).openNaive(settings),
  readers: async (_settings: object) => (await import('./readers.ts')).openReaders()
}
/** The roles, by name. */
export type Roles = typeof roles
/** The name of a role. */
export type RoleName = keyof Roles
