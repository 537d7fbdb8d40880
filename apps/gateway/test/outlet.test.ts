import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { openOutlet } from '../src/outlet.ts'
import { textFrame } from '../src/text-frame.ts'

t.test('a frame begins as RFC 6455 has it, at every length of header', async t => {
  const headers: [number, number[]][] = [
    [0, [0x81, 0]],
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 255, 255]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]]
  ]
  for (const [length, header] of headers) {
    const text = 'x'.repeat(length)
    t.ok(textFrame(text).equals(Buffer.concat([Buffer.from(header), Buffer.from(text)])), `${length} bytes`)
  }
  t.equal(textFrame('é'.repeat(63)).length, 4 + 126, 'its length counts bytes, not characters')
})

t.test('what is queued in one turn is written in one go, in order, and each write is told', async t => {
  const { outlet, stream, client } = await openPair(t)
  const got = texts(client, 3)
  const written: string[] = []
  outlet.send('one', () => written.push('one'))
  outlet.send(textFrame('two'))
  outlet.send('three', () => written.push('three'))
  t.equal(stream.bytesWritten, stream.before, 'nothing is written within the turn')

  t.strictSame(await got, ['one', 'two', 'three'])
  t.strictSame(written, ['one', 'three'])
})

t.test('what was queued before a close arrives, what is sent after it does not', async t => {
  const { outlet, socket, client } = await openPair(t)
  const got: string[] = []
  client.on('message', data => got.push(String(data)))
  const closed = once(client, 'close')
  outlet.send('before')
  outlet.flush()
  socket.close(4000)
  outlet.send('after', () => t.fail('it was never written'))

  t.equal((await closed)[0], 4000)
  t.strictSame(got, ['before'])
})

t.test('a ping of ws falls between messages, never into one', async t => {
  const { outlet, socket, client } = await openPair(t)
  const got = texts(client, 2)
  const pinged = once(client, 'ping')
  outlet.send('x'.repeat(70_000))
  socket.ping()
  outlet.send('second')

  t.strictSame(
    (await got).map(text => text.length),
    [70_000, 6]
  )
  await pinged
})

t.test('what cannot be queued is told, and queued bytes count', async t => {
  let slow = 0
  const { outlet, client } = await openPair(t, { maxBuffered: 10, onSlow: () => slow++ })
  const got = texts(client, 1)
  outlet.send('more than ten bytes')
  outlet.send('refused')

  t.equal(slow, 1)
  t.strictSame(await got, ['more than ten bytes'])
})

interface Counted {
  readonly bytesWritten: number
  readonly before: number
}

async function openPair(t: Test, limits: { maxBuffered?: number; onSlow?: () => void } = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = once(server, 'connection')
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`)
  const [[socket, request]] = await Promise.all([accepted, once(client, 'open')])
  t.teardown(() => {
    client.terminate()
    server.close()
  })
  const stream: Duplex & { readonly bytesWritten: number } = request.socket
  const counted: Counted = {
    before: stream.bytesWritten,
    get bytesWritten() {
      return stream.bytesWritten
    }
  }
  const { maxBuffered = 1_000_000, onSlow = () => t.fail('it is not slow') } = limits
  const outlet = openOutlet({ socket, stream, maxBuffered, onSlow })
  return { outlet, socket: socket as WebSocket, stream: counted, client }
}

/** The next `count` messages. */
function texts(client: WebSocket, count: number): Promise<string[]> {
  const got: string[] = []
  return new Promise(resolve => {
    client.on('message', data => {
      got.push(String(data))
      if (got.length === count) resolve(got)
    })
  })
}
