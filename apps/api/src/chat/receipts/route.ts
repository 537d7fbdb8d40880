import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ConversationId, notFound, ReadUpTo, ref, SayTyping } from '@rendezvous/contract'
import { Type } from 'typebox'
import { answers } from '../../kernel/openapi.ts'
import type { TypingService } from '../typing/service.ts'
import type { ReceiptService } from './service.ts'

/** The services these routes call. */
export interface ReceiptRoutesDeps {
  readonly receipts: Pick<ReceiptService, 'read'>
  readonly typing: TypingService
}

const tags = ['conversations']
const params = Type.Object({ id: ConversationId })
const done = Type.Null({ description: 'Done' })

/** Reading and typing over HTTP, for clients without a socket. */
export function receiptRoutes({ receipts, typing }: ReceiptRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/api/v1/conversations/:id/read/',
      {
        schema: {
          tags,
          operationId: 'markRead',
          summary: 'Say that I read everything up to a seq; `private`: for me alone, nobody is told',
          params,
          body: ref(ReadUpTo),
          response: answers({ 204: done }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        const { seq, private: isPrivate } = request.body
        const position = await receipts.read(request.caller.userId, request.params.id, seq, isPrivate)
        if (position === null) throw notFound()
        return reply.code(204).send(null)
      }
    )
    app.post(
      '/api/v1/conversations/:id/typing/',
      {
        schema: {
          tags,
          operationId: 'tellTyping',
          summary: 'Say that I type, or stopped',
          params,
          body: ref(SayTyping),
          response: answers({ 204: done }, 400, 401, 404)
        }
      },
      async (request, reply) => {
        await typing.set(request.caller.userId, { conversationId: request.params.id }, request.body.is_typing)
        return reply.code(204).send(null)
      }
    )
  }
}
