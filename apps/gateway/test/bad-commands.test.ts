import { commands, limits } from '@rendezvous/contract'
import t from 'tap'
import { alice, openGateway } from './gateway.ts'

// How every command answers invalid input, derived from its schema, so that new commands are included.

interface Field {
  readonly type?: string
  readonly minimum?: number
  readonly anyOf?: readonly Field[]
}

const { backend, connectReady } = await openGateway(t)
const client = await connectReady(alice)

/** Sends `frame`, and returns the fields that its refusal names. */
async function namedBy(frame: object): Promise<string[]> {
  client.say(frame)
  const { code, errors = {} } = await client.next()
  return code === 'invalid' ? Object.keys(errors as object) : [String(code)]
}

for (const [type, { properties }] of Object.entries(commands)) {
  const { type: _, ref, ...fields } = properties as Readonly<Record<string, Field>>

  t.test(`${type} names a field of the wrong type, an unknown field and an invalid ref`, async t => {
    t.strictSame((await namedBy({ type, surprise: 1 })).includes('surprise'), true)
    for (const name of ['constructor', 'toString', 'hasOwnProperty'])
      t.ok((await namedBy({ type, [name]: 1 })).includes(name), name)
    for (const value of [{}, [], 1.5, true, 'x'.repeat(65), 2 ** 53])
      t.ok((await namedBy({ type, ref: value })).includes('ref'), JSON.stringify(value))
    for (const [name, field] of Object.entries(fields))
      for (const value of wrongFor(field))
        t.ok((await namedBy({ type, [name]: value })).includes(name), `${name} ${JSON.stringify(value).slice(0, 40)}`)
  })
}

t.test('an oversized command is refused with a short answer, before its items are validated', async t => {
  const many = (count: number, name = 'unknown') =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}${n}`, 1]))
  const oversized = [
    { type: 'send_message', mentions: Array.from({ length: 15_000 }, () => ({})) },
    { type: 'sync', ranges: Array.from({ length: 30_000 }, () => 0) },
    { type: 'sync', ranges: [many(4_000)] },
    { type: 'send_message', ...many(4_000) },
    { type: 'send_message', ...many(20, 'é'.repeat(1_000)) },
    { type: 'ping', ['x'.repeat(60_000)]: 1 }
  ]
  for (const frame of oversized) {
    client.say(frame)
    const answer = await client.next()
    t.match(answer, { code: 'invalid' }, JSON.stringify(frame).slice(0, 60))
    t.ok(Buffer.byteLength(JSON.stringify(answer)) <= limits.errorBytes)
  }
})

t.test('of a list the first invalid item is reported', async t => {
  client.say({ type: 'send_message', content: 'x', to: 1, mentions: [1, 2, 'three', {}] })
  t.match(await client.next(), { code: 'invalid', errors: { mentions: ['A valid integer is required.'] } })
})

t.test('none of these commands was carried out, and the socket is still open', async t => {
  t.same(backend.asked('execute'), [])
  client.say({ type: 'ping', ref: 1 })
  t.match(await client.next(), { type: 'ack', ref: 1 })
})

/** Invalid values for `field`. */
function wrongFor({ type, minimum, anyOf }: Field): unknown[] {
  const [first] = anyOf ?? []
  if (first !== undefined) return wrongFor(first)
  if (type === 'integer') return [{}, [], 'x', '5', 1.5, true, ...(minimum === 1 ? [0, -1] : []), 2 ** 60]
  if (type === 'boolean') return [{}, [], 'true', 1, null]
  if (type === 'array') return [{}, 'x', 5, [{}], ['x'], [null], Array(1_000).fill(1)]
  return [{}, [], 5, true, 'a\0b', 'a\ud800', 'x'.repeat(5_000)]
}
