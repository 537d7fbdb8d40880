import type { Clock, Limits, Tickets } from '@rendezvous/cluster'
import { rates } from '@rendezvous/contract'
import type { FastifyPluginAsync } from 'fastify'
import type { ApiServices } from './compose.ts'
import { installKernel } from './kernel/kernel.ts'
import type { RequestRates } from './kernel/limits.ts'
import type { ListStyle } from './kernel/paging.ts'
import { accountRoutes } from './routes/accounts.ts'
import { conversationRoutes } from './routes/conversations.ts'
import { groupRoutes } from './routes/groups.ts'
import { healthRoutes } from './routes/health.ts'
import { messageChangeRoutes } from './routes/message-changes.ts'
import { messageRoutes } from './routes/messages.ts'
import { realtimeRoutes } from './routes/realtime.ts'
import { receiptRoutes } from './routes/receipts.ts'
import { searchRoutes } from './routes/search.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { syncRoutes } from './routes/sync.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { userRoutes } from './routes/users.ts'

/** What the HTTP API is given. */
export interface ApiDeps {
  readonly services: Pick<
    ApiServices,
    | 'accounts'
    | 'sessions'
    | 'conversations'
    | 'groups'
    | 'messages'
    | 'messageChanges'
    | 'search'
    | 'receipts'
    | 'sync'
    | 'typing'
  >
  readonly tickets: Pick<Tickets, 'issue'>
  readonly limits: Limits
  /** The contract's own unless given. */
  readonly requestRates?: RequestRates
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
    corsOrigins: deps.corsOrigins,
    limits: deps.limits,
    rates: deps.requestRates ?? rates
  })
  await app.register(healthRoutes(deps))
  await app.register(tokenRoutes(services))
  await app.register(accountRoutes(services))
  await app.register(sessionRoutes({ ...deps, ...services }))
  await app.register(userRoutes(services))
  await app.register(conversationRoutes({ ...deps, ...services }))
  await app.register(groupRoutes({ ...deps, ...services }))
  await app.register(messageRoutes({ ...deps, ...services }))
  await app.register(messageChangeRoutes({ ...deps, ...services }))
  await app.register(receiptRoutes(services))
  await app.register(searchRoutes(services))
  await app.register(syncRoutes(services))
  await app.register(realtimeRoutes(deps))
  refuseOtherMethods()
}
