import { randomUUID } from 'node:crypto'
import { openTokens, type Tokens } from '@rendezvous/tokens'
import type { FastifyInstance } from 'fastify'

const DAY_MS = 86_400_000

/** The secret that signs all tokens of the bench. */
export const SECRET = 'a secret that all the processes of a bench share'

/** Signs and verifies tokens, with the same key in all processes of the bench. */
export function benchTokens(app: FastifyInstance): Promise<Tokens> {
  return openTokens(app, {
    keys: [{ id: 'bench', secret: Buffer.from(SECRET) }],
    issuer: 'bench',
    audience: 'bench',
    accessTtlMs: DAY_MS,
    refreshTtlMs: DAY_MS,
    clock: Date.now,
    newId: randomUUID
  })
}

/** The id of a person's session, for their tokens. */
export function sessionOf(user: number): string {
  return `00000000-0000-4000-8000-${String(user).padStart(12, '0')}`
}
