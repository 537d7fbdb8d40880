import { once } from 'node:events'
import { request } from 'node:http'
import { closeCodes, limits } from '@rendezvous/contract'
import t from 'tap'
import type { Client } from './client.ts'
import { alice, bob, claimsOf, openGateway, publisher, toAlice, tokenOf } from './gateway.ts'

const three = { limit: 3, windowMs: 30_000 }
const two = { limit: 2, windowMs: 30_000 }
const ping = (ref: number) => ({ type: 'ping', ref })

/** Sends a ping and returns the answer. */
async function ask(client: Client, ref: number) {
  client.say(ping(ref))
  return client.next()
}

t.test('a frame too many is refused with its ref and a wait, and after the wait frames pass again', async t => {
  const gateway = await openGateway(t, { settings: { framesBySocket: three } })
  const [client, other] = [await gateway.connectReady(alice), await gateway.connectReady(alice)]
  for (const ref of [1, 2, 3]) t.match(await ask(client, ref), { type: 'ack', ref })

  const refused = await ask(client, 4)
  t.match(refused, {
    type: 'error',
    ref: 4,
    code: 'throttled',
    detail: 'Request was throttled. Expected available in 10 seconds.',
    retry_after_ms: 10_000
  })
  client.say('hello')
  t.match(await client.next(), { type: 'error', ref: null, code: 'throttled' }, 'also a frame that cannot be read')
  t.match(await ask(other, 1), { type: 'ack' }, 'each socket has its own limit')

  gateway.timers.advance(10_000)
  t.match(await ask(client, 5), { type: 'ack', ref: 5 })
})

t.test('a refused command is not carried out', async t => {
  const { connectReady, backend } = await openGateway(t, { settings: { framesBySocket: two } })
  const client = await connectReady(alice)
  for (const ref of [1, 2, 3]) client.say({ type: 'send_message', ref, to: bob, content: 'x' })
  const answers = [await client.next(), await client.next(), await client.next()]
  t.same(answers.map(({ type, ref }) => `${type} ${ref}`).sort(), ['ack 1', 'ack 2', 'error 3'])
  t.equal(backend.asked('execute').length, 2)
})

t.test('all sockets of a user on a node share a limit', async t => {
  const { connectReady } = await openGateway(t, { settings: { framesByAccount: three } })
  const [one, two, other] = [await connectReady(alice), await connectReady(alice), await connectReady(bob)]
  for (const client of [one, two, one]) t.match(await ask(client, 1), { type: 'ack' })
  t.match(await ask(two, 2), { type: 'error', code: 'throttled' })
  t.match(await ask(other, 1), { type: 'ack' })
})

t.test('a client that continues after being throttled is closed with 4429', async t => {
  const settings = { framesBySocket: two, refusedFrames: three }
  const { connectReady } = await openGateway(t, { settings })
  const client = await connectReady(alice)
  for (let ref = 1; ref <= 100; ref += 1) client.say(ping(ref))
  const answers = []
  for (let n = 0; n < 5; n += 1) answers.push((await client.next()).type)
  t.same(answers, ['ack', 'ack', 'error', 'error', 'error'])
  t.same(await client.closed, { code: 4429, reason: 'flooding' })
  t.match(await (await connectReady(alice)).socket.readyState, 1, 'and may reconnect')
})

t.test('WebSocket pings and pongs count as frames', async t => {
  const settings = { framesBySocket: two, refusedFrames: two }
  for (const kind of ['ping', 'pong'] as const) {
    const { connectReady } = await openGateway(t, { settings })
    const client = await connectReady(alice)
    for (let n = 0; n < 5; n += 1) client.socket[kind]()
    t.match(await client.next(), { type: 'error', ref: null, code: 'throttled' })
    t.equal((await client.closed).code, 4429, kind)
  }
})

t.test('a frame in too many fragments closes with 1008', async t => {
  const { connectReady } = await openGateway(t)
  const client = await connectReady(alice)
  for (let n = 0; n <= limits.frameFragments; n += 1) client.socket.send('', { fin: false })
  t.equal((await client.closed).code, closeCodes.tooManyFragments.code)
})

t.test('a user at the limit of sockets may open another after closing one', async t => {
  const { connectReady, connect } = await openGateway(t, { settings: { socketsPerPerson: 2 } })
  const [one] = [await connectReady(alice), await connectReady(alice)]
  await t.rejects(connect(alice), /429/)
  await connectReady(bob)

  one.socket.close()
  await one.closed
  await connectReady(alice)
  await t.rejects(connect(alice), /429/)
})

t.test('a failed upgrade does not count as a socket', async t => {
  const gateway = await openGateway(t, { settings: { socketsPerPerson: 1 } })
  const token = tokenOf(claimsOf(alice, gateway.timers.now() + 60_000))
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'short'
  }
  for (let n = 0; n < 3; n += 1) {
    const asked = request(`${gateway.url.replace('ws', 'http')}/ws/chat?token=${token}`, { headers }).end()
    const [answer] = await once(asked, 'response')
    t.equal(answer.statusCode, 400)
    await once(answer.resume(), 'close')
  }
  await gateway.connectReady(alice)
})

t.test('sockets opened at the same moment do not exceed the limit', async t => {
  const { connect } = await openGateway(t, { settings: { socketsPerPerson: 3 } })
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => connect(alice)))
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3)
})

t.test('upgrades are limited by address and by account, over all nodes', async t => {
  const byAddress = await openGateway(t, { settings: { upgradesByAddress: two } })
  const { cluster } = { cluster: { wire: byAddress.wire, timers: byAddress.timers, tickets: byAddress.tickets } }
  const neighbour = await openGateway(t, { cluster, settings: { upgradesByAddress: two } })
  await byAddress.connectReady(alice)
  await neighbour.connectReady(bob)
  await t.rejects(byAddress.connect(alice), /429/)
  byAddress.timers.advance(15_000)
  await byAddress.connectReady(alice)

  const byAccount = await openGateway(t, { settings: { upgradesByAccount: two } })
  await byAccount.connectReady(alice)
  await byAccount.connectReady(alice)
  await t.rejects(byAccount.connect(alice), /429/)
  await byAccount.connectReady(bob)
})

t.test('a limit that is switched off limits nothing', async t => {
  const off = { socketsPerPerson: 0, framesBySocket: null, framesByAccount: null, upgradesByAddress: null }
  const { connectReady } = await openGateway(t, { settings: { ...off, upgradesByAccount: null, refusedFrames: null } })
  const clients = await Promise.all(Array.from({ length: 30 }, () => connectReady(alice)))
  const [client] = clients
  for (let ref = 1; ref <= 3_000; ref += 1) client?.say(ping(ref))
  for (let ref = 1; ref <= 3_000; ref += 1) {
    const answer = await client?.next()
    if (answer?.type !== 'ack') t.fail(`${ref} was refused`)
  }
})

t.test('frames that wait while a socket connects are bounded in bytes', async t => {
  const gateway = await openGateway(t, { settings: { slowConsumerBytes: 100_000 } })
  const api = publisher(t, gateway)
  gateway.backend.interpose('roster', async () => {
    for (let n = 0; n < 3; n += 1) await api.tell([toAlice], 'x'.repeat(50_000))
    await new Promise(() => {}) // the api never answers
  })
  const client = await gateway.connect(alice)
  t.equal((await client.closed).code, 4002)
})
