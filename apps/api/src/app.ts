import type { Clock, Limits, Tickets } from '@rendezvous/cluster'
import { rates } from '@rendezvous/contract'
import type { FastifyPluginAsync } from 'fastify'
import { conversationRoutes } from './chat/conversations/route.ts'
import { groupRoutes } from './chat/groups/route.ts'
import { messageChangeRoutes } from './chat/message-changes/route.ts'
import { messageRoutes } from './chat/messages/route.ts'
import { receiptRoutes } from './chat/receipts/route.ts'
import { searchRoutes } from './chat/search/route.ts'
import { syncRoutes } from './chat/sync/route.ts'
import type { ApiServices } from './compose.ts'
import { realtimeRoutes } from './gateways/tickets/route.ts'
import { healthRoutes } from './health/route.ts'
import { installKernel } from './kernel/kernel.ts'
import type { RequestRates } from './kernel/limits.ts'
import type { ListStyle } from './kernel/paging.ts'
import { accountRoutes } from './people/accounts/route.ts'
import { directoryRoutes } from './people/directory/route.ts'
import { peopleSearchRoutes } from './people/search/route.ts'
import { sessionRoutes } from './people/sessions/route.ts'
import { tokenRoutes } from './people/tokens/route.ts'
import { userRoutes } from './people/users/route.ts'
import { serverRoutes } from './server/route.ts'

/** The services, ports and settings of the HTTP API. */
export interface ApiDeps {
  readonly services: Pick<
    ApiServices,
    | 'accounts'
    | 'directory'
    | 'peopleSearch'
    | 'server'
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
  /** The contract's rates by default. */
  readonly requestRates?: RequestRates
  /** Rejects when the node cannot serve. Has a deadline of its own. */
  readonly ready: () => Promise<void>
  readonly clock: Clock
  /** Origins whose pages may call the api; `*` among them for all. */
  readonly corsOrigins: readonly string[]
  readonly lists: ListStyle
  /** As `KernelDeps`. */
  readonly publicOrigin?: string
}

/** The HTTP API: every route and the kernel beneath. Other plugins of the same server keep their own hooks and
 *  parsers. */
export const apiPlugin: FastifyPluginAsync<ApiDeps> = async (app, deps) => {
  const { services } = deps
  const refuseOtherMethods = await installKernel(app, {
    authenticate: services.sessions.authenticate,
    corsOrigins: deps.corsOrigins,
    limits: deps.limits,
    rates: deps.requestRates ?? rates,
    ...(deps.publicOrigin === undefined ? {} : { publicOrigin: deps.publicOrigin })
  })
  await app.register(healthRoutes(deps))
  await app.register(tokenRoutes(services))
  await app.register(accountRoutes(services))
  await app.register(sessionRoutes({ ...deps, ...services }))
  await app.register(userRoutes(services))
  await app.register(directoryRoutes({ ...deps, ...services }))
  await app.register(peopleSearchRoutes(services))
  await app.register(serverRoutes(services))
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
