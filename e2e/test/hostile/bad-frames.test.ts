import { limits } from '@rendezvous/contract'
import t from 'tap'
import { newPerson } from '../person.ts'
import { startStandalone } from '../standalone.ts'
import { readToEnd } from './raw.ts'
import { closeCodeIn, frame, openSocket } from './raw-socket.ts'

const server = await startStandalone(t.testdir(), { SOCKETS_PER_PERSON: '3' })
t.teardown(() => server.stop())
const { url } = server
const ann = await newPerson(url)
const path = `/ws/chat?token=${ann.http.access}`

t.test('a frame that violates RFC 6455 closes the socket with the code for that violation', async t => {
  const text = 0x81
  const cases: [string, Buffer, number][] = [
    ['unmasked', Buffer.from([text, 2, 0x7b, 0x7d]), 1002],
    ['with the compression bit', frame(text | 0x40, '{}'), 1002],
    ['with another reserved bit', frame(text | 0x10, '{}'), 1002],
    ['an unknown opcode', frame(0x83, '{}'), 1002],
    ['an unknown control opcode', frame(0x8b, ''), 1002],
    ['a ping of 126 bytes', frame(0x89, 'x'.repeat(126)), 1002],
    ['a ping in fragments', frame(0x09, 'x'), 1002],
    ['a continuation without a first frame', frame(0x80, 'x'), 1002],
    ['a new message within a fragmented one', Buffer.concat([frame(0x01, 'x'), frame(text, 'y')]), 1002],
    ['invalid UTF-8', frame(text, '\xff\xfe'), 1007],
    ['a text that ends in the middle of a character', frame(text, '\xe2\x82'), 1007],
    ['a close code of one byte', frame(0x88, 'x'), 1002],
    ['a close code that may not be sent', frame(0x88, '\x03\xed'), 1002],
    ['a close reason that is not UTF-8', frame(0x88, '\x03\xe8\xff'), 1007],
    ['a length above 2^63', Buffer.from([text, 0xff, ...Buffer.alloc(8, 0xff)]), 1009],
    ['an announced length above the limit', Buffer.from([text, 0xff, 0, 0, 0, 0, 0xff, 0, 0, 0]), 1009],
    [
      'fragments that together are too long',
      Buffer.concat([frame(0x01, 'x'.repeat(60_000)), frame(0x80, 'x'.repeat(6_000))]),
      1009
    ],
    [
      'in too many fragments',
      Buffer.concat([frame(0x01, ''), ...Array.from({ length: limits.frameFragments }, () => frame(0, ''))]),
      1008
    ]
  ]
  for (const [name, bytes, code] of cases) {
    const socket = await openSocket(t, url, path)
    socket.write(bytes)
    t.equal(closeCodeIn(await readToEnd(socket)), code, name)
  }
})

t.test('a flood of pings is warned, then closed', async t => {
  const socket = await openSocket(t, url, path)
  socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame(0x89, ''))))
  const said = await readToEnd(socket)
  t.match(said.toString('latin1'), /"code":"throttled"/)
  t.equal(closeCodeIn(said), 4429)
})

t.test('a flood of commands is warned, then closed', async t => {
  const socket = await openSocket(t, url, path)
  socket.write(Buffer.concat(Array.from({ length: 1_000 }, (_, ref) => frame(0x81, `{"type":"ping","ref":${ref}}`))))
  const said = await readToEnd(socket)
  t.match(said.toString('latin1'), /"ref":0,[\s\S]*"code":"throttled"[\s\S]*"retry_after_ms":\d+/)
  t.equal(closeCodeIn(said), 4429)
})
