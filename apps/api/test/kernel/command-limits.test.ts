import { randomUUID } from 'node:crypto'
import { type CommandClass, commandClasses } from '@rendezvous/contract'
import t from 'tap'
import { executed } from '../gateways/executed.ts'
import { startLimited } from './limited-api.ts'

t.test(
  'socket commands count together with the HTTP requests of their account, and are refused in the same way',
  async t => {
    const { services, join } = await startLimited(t, { register: null, login: null })
    const [dora, emil] = [await join('dora'), await join('emil')]
    const keyed = (command: object) => ('content' in command ? { ...command, client_id: randomUUID() } : command)
    const execute = async (access: string, ...commands: object[]) =>
      executed(services.backend, await services.sessions.authenticate(access), ...commands.map(keyed))
    const send = { type: 'send_message', to: emil.id, content: 'hello' } as const
    t.match(await execute(dora.access, send, send), [{ ok: true }, { ok: true }])
    t.match(await dora.ask('POST', '/messages/send/', { receiver: emil.id, content: 'hello' }), { status: 201 })

    const refusal = { ok: false, code: 'throttled', retryAfter: 10 }
    const sync = { type: 'sync' }
    t.match(await execute(dora.access, send, sync, send), [refusal, { ok: true }, refusal])
    t.match(await dora.ask('POST', '/messages/send/', { receiver: emil.id, content: 'hello' }), { status: 429 })
    t.match(
      await dora.ask('GET', `/messages/?with=${emil.id}`),
      { body: { length: 3 } },
      'no refused message was stored'
    )
    t.match(await execute(emil.access, { ...send, to: dora.id }), [{ ok: true }], 'another account is not limited')
  }
)

const conversation = '/api/v1/conversations/1'
const endpoints = {
  send_message: ['POST', `${conversation}/messages/`],
  edit_message: ['PATCH', `${conversation}/messages/1/`],
  delete_message: ['DELETE', `${conversation}/messages/1/`],
  add_reaction: ['PUT', `${conversation}/messages/1/reactions/a/`],
  remove_reaction: ['DELETE', `${conversation}/messages/1/reactions/a/`],
  mark_read: ['POST', `${conversation}/read/`],
  message_read: ['POST', `${conversation}/messages/1/mark_read/`],
  read_ack: ['POST', `${conversation}/messages/1/mark_read/`],
  typing: ['POST', `${conversation}/typing/`],
  sync: ['POST', '/api/v1/sync/']
} as const
const classes: Readonly<Record<string, CommandClass | null>> = commandClasses

t.test('a command counts in the class of the endpoint that does the same', async t => {
  const without = Object.keys(commandClasses).filter(type => !Object.hasOwn(endpoints, type))
  t.same(without, ['mark_delivered', 'ping'])
  for (const type of without) t.equal(classes[type], null, type)

  const { app, join } = await startLimited(t, { register: null, login: null })
  for (const [type, [method, url]] of Object.entries(endpoints)) {
    const { access } = await join(`of-${type}`)
    const { headers } = await app.inject({ method, url, headers: { authorization: `Bearer ${access}` } })
    t.match(headers['ratelimit-policy'], `"${classes[type]}"`, type)
  }
})
