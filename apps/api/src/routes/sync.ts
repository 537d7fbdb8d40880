import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ref, SyncAnswer, SyncRequest } from '@rendezvous/contract'
import { answers } from '../kernel/openapi.ts'
import type { SyncService } from '../services/sync.ts'

/** What changed while a client was away. */
export function syncRoutes({ sync }: { readonly sync: SyncService }): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/api/v1/sync/',
      {
        config: { limit: 'sync' },
        schema: {
          tags: ['realtime'],
          operationId: 'sync',
          summary: 'What changed since I was here',
          description:
            'Conversations that changed since `since`, and what changed in single streams since a value of them. How a client uses it: docs/protocol.md.',
          body: ref(SyncRequest),
          response: answers({ 200: ref(SyncAnswer) }, 400, 401)
        }
      },
      request => sync.read(request.caller.userId, request.body)
    )
  }
}
