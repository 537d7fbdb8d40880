import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Tickets } from '@rendezvous/cluster'
import { limits, ref, Ticket, timestamp } from '@rendezvous/contract'
import { answers } from '../../kernel/openapi.ts'

/** The ports of the ticket route. `clock`: milliseconds since 1970. */
export interface RealtimeRoutesDeps {
  readonly tickets: Pick<Tickets, 'issue'>
  readonly clock: () => number
}

/** Issues the ticket with which a client opens its socket. */
export function realtimeRoutes({ tickets, clock }: RealtimeRoutesDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/api/v1/realtime/ticket/',
      {
        schema: {
          tags: ['realtime'],
          operationId: 'issueTicket',
          summary: 'Get a ticket that opens one socket within 30 seconds, as `/ws/chat?ticket=`',
          response: answers({ 201: ref(Ticket) }, 401, 503)
        }
      },
      async (request, reply) => {
        const expiresAt = clock() + limits.ticketMs
        const ticket = await tickets.issue(request.caller, limits.ticketMs)
        return reply.code(201).send({ ticket, expires_at: timestamp(new Date(expiresAt)) })
      }
    )
  }
}
