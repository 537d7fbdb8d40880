import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ref, ServerInfo } from '@rendezvous/contract'
import { answers } from '../kernel/openapi.ts'
import type { ServerService } from './service.ts'

/** What a client may ask before it signs in. */
export function serverRoutes({ server }: { readonly server: ServerService }): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/api/v1/server/',
      {
        config: { access: 'public' },
        schema: {
          tags: ['server'],
          operationId: 'readServer',
          summary: 'Read the version of the server, what it can do, and its limits',
          response: answers({ 200: ref(ServerInfo) })
        }
      },
      async () => server.info()
    )
  }
}
