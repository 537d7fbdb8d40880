import { Writable } from 'node:stream'
import fastify from 'fastify'
import t from 'tap'
import { securityLog } from '../../src/audit/log.ts'
import type { SecurityEvent } from '../../src/audit/port.ts'

const event: SecurityEvent = {
  action: 'sessions_ended',
  actorId: null,
  subjectKind: 'user',
  subjectId: '7',
  ip: 'y'.repeat(60),
  detail: { reason: 'revoked', count: 1 }
}

/** The lines that a logger of `level` writes for `events`. */
function linesOf(level: string, events: readonly SecurityEvent[]): Record<string, unknown>[] {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    }
  })
  events.forEach(securityLog(fastify({ logger: { level, stream } }).log))
  return lines.map(line => JSON.parse(line))
}

t.test('a security event is one line, also where only warnings and worse are logged', async t => {
  for (const level of ['fatal', 'warn', 'info', 'trace'])
    t.match(linesOf(level, [event]), [
      {
        ...{ security: 'sessions_ended', user: '7', reason: 'revoked', count: 1, level: 30, msg: 'security event' },
        ip: 'y'.repeat(45)
      }
    ])
  t.match(linesOf('warn', [{ ...event, action: 'token_reused' }]), [{ level: 40 }])
  t.same(linesOf('silent', [event]), [])
})
