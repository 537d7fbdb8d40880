import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ref, SyncAnswer, SyncRequest } from '@rendezvous/contract'
import { answers } from '../../kernel/openapi.ts'
import type { SyncService } from './service.ts'

/** The route of sync. */
export function syncRoutes({ sync }: { readonly sync: SyncService }): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/api/v1/sync/',
      {
        config: { limit: 'sync' },
        schema: {
          tags: ['realtime'],
          operationId: 'sync',
          summary: 'Get what changed since my last sync',
          description:
            'Conversations that changed since `since`, and changes of single streams after a seq. How a client uses it: docs/protocol.md.',
          body: ref(SyncRequest),
          response: answers({ 200: ref(SyncAnswer) }, 400, 401)
        }
      },
      request => sync.read(request.caller.userId, request.body)
    )
  }
}
