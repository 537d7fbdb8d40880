import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { textFrame } from '../src/hub/text-frame.ts'
import { openWriter } from '../src/socket/writer.ts'

t.test('a frame has the header of RFC 6455, at every length', async t => {
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

t.test('frames queued in one turn are written together, in order, and each write is reported', async t => {
  const { writer, stream, client } = await openPair(t)
  const got = texts(client, 3)
  const written: string[] = []
  writer.send('one', () => written.push('one'))
  writer.send(textFrame('two'))
  writer.send('three', () => written.push('three'))
  t.equal(stream.bytesWritten, stream.before, 'nothing is written within the turn')

  t.strictSame(await got, ['one', 'two', 'three'])
  t.strictSame(written, ['one', 'three'])
})

t.test('a frame queued before a close arrives, one sent after it does not', async t => {
  const { writer, socket, client } = await openPair(t)
  const got: string[] = []
  client.on('message', data => got.push(String(data)))
  const closed = once(client, 'close')
  writer.send('before')
  writer.flush()
  socket.close(4000)
  writer.send('after', () => t.fail('it was never written'))

  t.equal((await closed)[0], 4000)
  t.strictSame(got, ['before'])
})

t.test('a ping of ws is sent between messages, never inside one', async t => {
  const { writer, socket, client } = await openPair(t)
  const got = texts(client, 2)
  const pinged = once(client, 'ping')
  writer.send('x'.repeat(70_000))
  socket.ping()
  writer.send('second')

  t.strictSame(
    (await got).map(text => text.length),
    [70_000, 6]
  )
  await pinged
})

t.test('a frame that cannot be queued is reported, and queued bytes count', async t => {
  let slow = 0
  const { writer, client } = await openPair(t, { maxBuffered: 10, onSlow: () => slow++ })
  const got = texts(client, 1)
  writer.send('more than ten bytes')
  writer.send('refused')

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
  const writer = openWriter({ socket, stream, maxBuffered, onSlow })
  return { writer, socket: socket as WebSocket, stream: counted, client }
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
