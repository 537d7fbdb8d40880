import type { Clock, Tickets } from '@rendezvous/cluster'
import type { FastifyPluginAsync } from 'fastify'
import type { ApiServices } from './compose.ts'
import { installKernel } from './kernel/kernel.ts'
import type { ListStyle } from './kernel/paging.ts'
import { accountRoutes } from './routes/accounts.ts'
import { conversationRoutes } from './routes/conversations.ts'
import { healthRoutes } from './routes/health.ts'
import { messageRoutes } from './routes/messages.ts'
import { realtimeRoutes } from './routes/realtime.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { userRoutes } from './routes/users.ts'

/** What the HTTP API is given. */
export interface ApiDeps {
  readonly services: Pick<ApiServices, 'accounts' | 'sessions' | 'conversations' | 'messages'>
  readonly tickets: Pick<Tickets, 'issue'>
  /** Rejects when the node cannot serve, within a deadline of its own. */
  readonly ready: () => Promise<void>
  readonly clock: Clock
  /** Origins whose pages may call the api; `*` among them for all. */
  readonly corsOrigins: readonly string[]
  readonly lists: ListStyle
}

/** The HTTP API: every route, and what routes stand on. Other plugins of the same server keep their own hooks and parsers. */
export const apiPlugin: FastifyPluginAsync<ApiDeps> = async (app, deps) => {
  const { services } = deps
  const refuseOtherMethods = await installKernel(app, {
    authenticate: services.sessions.authenticate,
    corsOrigins: deps.corsOrigins
  })
  await app.register(healthRoutes(deps))
  await app.register(tokenRoutes(services))
  await app.register(accountRoutes(services))
  await app.register(userRoutes(services))
  await app.register(conversationRoutes({ ...deps, ...services }))
  await app.register(messageRoutes({ ...deps, ...services }))
  await app.register(realtimeRoutes(deps))
  refuseOtherMethods()
}
