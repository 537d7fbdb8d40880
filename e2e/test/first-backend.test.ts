import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { CheckedSocket, checkedFetch } from './contract/checked.ts'
import { startStandalone } from './standalone.ts'

// A client written only from the first backend's document: plain fetch, plain sockets, and only the fields it names.

const PASSWORD = 'motdepasse-1'

interface Frame {
  type: string
  id?: number
  user_id?: number
  online?: boolean
  [field: string]: unknown
}

t.test('a client of the first backend works by changing its base URL', async t => {
  const server = await startStandalone(t.testdir(), { LOG_LEVEL: 'trace' })
  t.teardown(() => server.stop())
  const call = caller(server.url)

  async function login(): Promise<{ id: number; token: string; name: string }> {
    const name = `g${randomUUID().slice(0, 8)}`
    await call('POST', '/api/v1/auth/register/', null, {
      username: name,
      email: `${name}@example.org`,
      password: PASSWORD
    })
    const { body } = await call('POST', '/auth/login/', null, { username: name, password: PASSWORD })
    const payload = JSON.parse(Buffer.from(body.token.split('.')[1], 'base64url').toString())
    return { id: payload.user_id, token: body.token, name }
  }

  await t.test('the payload of the token has a numeric user_id', async t => {
    const { id } = await login()

    t.type(id, 'number')
  })

  await t.test('a message reaches both users live, is delivered, and becomes read when it is fetched', async t => {
    const [ann, bob] = [await login(), await login()]
    const phones = { ann: await listen(t, server.url, ann.token), bob: await listen(t, server.url, bob.token) }

    const sent = await call('POST', '/messages/send/', ann.token, {
      receiver: bob.id,
      content: 'Salut',
      message_type: 'text'
    })

    t.equal(sent.status, 201)
    const atBob = await phones.bob.next(frame => frame.type === 'message_created')
    t.match(atBob, {
      id: sent.body.id,
      from: ann.id,
      to: bob.id,
      content: 'Salut',
      message_type: 'text',
      created_at: String,
      status: String
    })
    t.same(
      await phones.ann.next(frame => frame.type === 'message_created'),
      atBob,
      'the sender receives the same event'
    )
    t.equal((await phones.ann.next(frame => frame.type === 'message_delivered')).id, sent.body.id)

    const history = await call('GET', `/messages/?with=${ann.id}`, bob.token)
    t.match(history.body, [{ id: sent.body.id, content: 'Salut', sender: ann.id, receiver: bob.id }])
    t.equal((await phones.ann.next(frame => frame.type === 'message_read')).id, sent.body.id)
  })

  await t.test('a client with an open conversation reports reads and typing over the socket', async t => {
    const [ann, bob] = [await login(), await login()]
    const phones = { ann: await listen(t, server.url, ann.token), bob: await listen(t, server.url, bob.token) }
    for (const type of ['message_read', 'read_ack']) {
      await call('POST', '/messages/send/', ann.token, { receiver: bob.id, content: 'Salut', message_type: 'text' })
      const { id } = await phones.bob.next(frame => frame.type === 'message_created')

      phones.bob.send({ type, id })

      t.equal((await phones.ann.next(frame => frame.type === 'message_read')).id, id, type)
      t.equal((await phones.bob.next(frame => frame.type === 'message_read')).id, id, type)
    }
    phones.bob.send({ type: 'typing', to: ann.id, is_typing: true })
    t.match(await phones.ann.next(frame => frame.type === 'typing'), { user_id: bob.id, is_typing: true })
  })

  await t.test('messages sent while the receiver was offline are delivered when the receiver connects', async t => {
    const [ann, bob] = [await login(), await login()]
    const phone = await listen(t, server.url, ann.token)
    const first = await call('POST', '/messages/send/', ann.token, {
      receiver: bob.id,
      content: '1',
      message_type: 'text'
    })
    const second = await call('POST', '/messages/send/', ann.token, { receiver: String(bob.id), content: 2 })

    await listen(t, server.url, bob.token)

    t.equal((await phone.next(frame => frame.type === 'message_delivered')).id, first.body.id)
    t.equal((await phone.next(frame => frame.type === 'message_delivered')).id, second.body.id)
  })

  await t.test('the two users of a conversation see each other go online and offline', async t => {
    const [ann, bob] = [await login(), await login()]
    await call('POST', '/messages/send/', ann.token, { receiver: bob.id, content: 'Salut', message_type: 'text' })
    const phone = await listen(t, server.url, ann.token)
    const other = await listen(t, server.url, bob.token)

    const came = await phone.next(frame => frame.type === 'presence_update' && frame.user_id === bob.id)
    t.match(came, { online: true })
    const snapshot = await other.next(frame => frame.type === 'presence_snapshot')
    t.ok((snapshot.online_user_ids as number[]).includes(ann.id))
    t.match((await call('GET', `/users/${bob.id}/`, ann.token)).body, { id: bob.id, online: true })

    other.close()

    const left = await phone.next(
      frame => frame.type === 'presence_update' && frame.user_id === bob.id && !frame.online
    )
    t.type(left.last_seen, 'string')
    const profile = await call('GET', `/users/${bob.id}/`, ann.token)
    t.match(profile.body, { online: false, last_seen: left.last_seen })
  })

  await t.test('a form is read like JSON, and a file is refused with an error of its field', async t => {
    const [ann, bob] = [await login(), await login()]
    const form = new FormData()
    form.set('receiver', String(bob.id))
    form.set('message_type', 'text')
    form.set('content', 'from a form')
    const send = () =>
      checkedFetch(`${server.url}/messages/send/`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ann.token}` },
        body: form
      })

    t.equal((await send()).status, 201)

    form.set('message_type', 'audio')
    form.set('file', new Blob(['...'], { type: 'audio/ogg' }), 'a.ogg')
    const refused = await send()
    t.equal(refused.status, 400)
    t.match(await refused.json(), { file: [String] })
  })

  await t.test('no token or ticket of an address is logged', async t => {
    const { token } = await login()
    const { ticket } = (await call('POST', '/api/v1/realtime/ticket/', token)).body
    const sockets = `${server.url.replace('http', 'ws')}/ws/chat`
    for (const query of [`ticket=${ticket}`, `token=${token}`]) {
      const socket = new CheckedSocket(`${sockets}?${query}`)
      await once(socket, 'message')
      socket.send('x'.repeat(70_000))
      await once(socket, 'close')
    }
    for (const query of [`ticket=${ticket}`, `token=${token}%zz`, `token=${token}x`]) {
      await t.rejects(once(new CheckedSocket(`${sockets}?${query}`), 'open'), /401/)
      t.equal((await checkedFetch(`${server.url}/ws/chat?${query}`)).status, 404)
    }

    t.match(server.output(), 'a socket failed', 'the log mentions these sockets')
    for (const secret of [token, ticket]) t.notOk(server.output().includes(secret))
  })
})

function caller(url: string) {
  return async (method: string, path: string, token: string | null, body?: unknown) => {
    const response = await checkedFetch(url + path, {
      method,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }
}

/** A socket opened as in the first backend's document. `next` resolves with the oldest matching frame that was not
 *  taken. */
async function listen(t: Test, url: string, token: string) {
  const socket = new CheckedSocket(`${url.replace('http', 'ws')}/ws/chat?token=${token}`)
  const frames: Frame[] = []
  let wake = () => {}
  socket.on('message', data => {
    frames.push(JSON.parse(String(data)))
    wake()
  })
  t.teardown(() => socket.terminate())

  async function next(matches: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const index = frames.findIndex(matches)
      const [frame] = index === -1 ? [] : frames.splice(index, 1)
      if (frame !== undefined) return frame
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { next, send: (frame: object) => socket.send(JSON.stringify(frame)), close: () => socket.close() }
}
