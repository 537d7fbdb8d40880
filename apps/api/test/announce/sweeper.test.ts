import { EventEmitter, once } from 'node:events'
import type { Bus } from '@rendezvous/cluster'
import t from 'tap'
import { sweeper } from '../../src/announce/outbox/sweeper.ts'
import { conversationSource } from '../../src/chat/changes/source.ts'
import { startApi, type TestApi } from '../app.ts'
import { ageOutbox, sourcesOver } from '../database/sweeping.ts'
import { recordingBus } from '../recording.ts'

const COUNT = { name: 'test_count_outbox', text: 'SELECT count(*)::int AS rows FROM outbox' }

t.test('the sweep announces unannounced changes once', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const rows = async () => (await api.open.database.query<{ rows: number }>(COUNT))[0]?.rows
  const [ann, bob] = [await api.join(), await api.join()]
  await api.services.announcer.settle()
  record.take()
  record.goDown()
  const { body } = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
  await api.services.announcer.settle()

  t.test('it leaves young rows to the node that wrote them', async t => {
    t.equal(await api.services.sweeper.sweep(), 0)
    t.equal(await rows(), 2)
  })

  t.test('it keeps the rows while the bus is down', async t => {
    await ageOutbox(api.open.database)
    t.equal(await api.services.sweeper.sweep(), 0)
    t.equal(await rows(), 2)
  })

  t.test('it announces them in order when the bus is up', async t => {
    record.comeUp()
    await ageOutbox(api.open.database)
    t.equal(await api.services.sweeper.sweep(), 2)
    await api.services.announcer.settle()
    t.equal(await rows(), 0)
    const announced = record.take().flatMap(({ topics, frames }) => frames.map(frame => ({ topics, frame })))
    t.match(announced, [
      { topics: [`user:${ann.id}`, `user:${bob.id}`], frame: { type: 'conversation_created', seq: 1 } },
      {
        topics: [`user:${ann.id}`, `user:${bob.id}`],
        frame: { type: 'message_created', seq: 2, id: body.id, content: 'hello' }
      }
    ])
    t.equal(await api.services.sweeper.sweep(), 0)
  })
})

t.test('announced changes leave no row to sweep', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const [ann, bob] = [await api.join(), await api.join()]
  await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
  await api.services.announcer.settle()

  await ageOutbox(api.open.database)
  t.equal(await api.services.sweeper.sweep(), 0)
})

t.test('the sweep announces the unannounced end of a session and closes its sockets', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const ann = await api.join()
  await api.services.announcer.settle()
  record.take()
  record.goDown()
  await ann.ask('POST', '/api/v1/auth/logout/')
  await api.services.announcer.settle()
  record.comeUp()

  await ageOutbox(api.open.database)
  t.equal(await api.services.sweeper.sweep(), 1)
  const topics = [`user:${ann.id}`]
  const announced = record.take()
  t.match(announced, [
    {
      topics,
      header: { kind: 'events', stream: `user:${ann.id}`, from: 2, to: 2 },
      frames: [{ type: 'session_ended', reason: 'logged_out', stream: `user:${ann.id}`, seq: 2 }]
    },
    { topics, header: { kind: 'control', user_id: ann.id, code: 4501 }, frames: { length: 0 } }
  ])
  t.match(announced[1]?.header, { end_sessions: [sessionOf(ann.access)] })
})

t.test('after a change of password the sweep spares the access token of the request', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const ann = await api.join()
  await api.services.announcer.settle()
  record.take()
  record.goDown()
  const changed = await ann.ask('PUT', '/api/v1/auth/change-password/', {
    old_password: 'correct horse 9',
    new_password: 'correct horse 10'
  })
  t.equal(changed.status, 200)
  await api.services.announcer.settle()
  record.comeUp()

  await ageOutbox(api.open.database)
  await api.services.sweeper.sweep()
  const control = record.take().find(({ header }) => header.kind === 'control')
  t.match(control?.header, { end_sessions: [sessionOf(ann.access)], spare: claimsIn(ann.access).jti })
})

/** Sends `texts` while the bus is down, each to another person, so that each leaves two rows for the sweep. */
async function leaveRows(api: TestApi, record: ReturnType<typeof recordingBus>, texts: readonly string[]) {
  const ann = await api.join()
  const receivers = await Promise.all(texts.map(() => api.join()))
  await api.services.announcer.settle()
  record.take()
  record.goDown()
  for (const [index, content] of texts.entries()) {
    await ann.ask('POST', '/messages/send/', { receiver: receivers[index]?.id, content })
  }
  await api.services.announcer.settle()
  record.comeUp()
  await ageOutbox(api.open.database)
}

t.test('a round on a hanging bus ends at its deadline, and its rows can be taken when their leases end', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  await leaveRows(api, record, ['hello'])
  const warnings: unknown[] = []
  const publishing = new EventEmitter()
  const hanging = sweeper({
    ...api.ports,
    sources: sourcesOver(api.open.database),
    bus: {
      publish: () => {
        publishing.emit('begun')
        return new Promise(() => {})
      }
    },
    deadline: async () => {
      await once(publishing, 'begun')
      throw new Error('too late')
    },
    warn: error => warnings.push(error)
  })

  t.equal(await hanging.sweep(), 0)
  t.match(warnings, Array(3).fill({ message: 'too late' }), 'the round, and each of its two rows')
  t.equal(await api.services.sweeper.sweep(), 0)
  await ageOutbox(api.open.database)
  t.equal(await api.services.sweeper.sweep(), 2)
})

t.test('a row that cannot be announced holds up no other, and waits for the end of its lease', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  await leaveRows(api, record, ['good', 'bad', 'good'])
  const warnings: string[] = []
  let published = 0
  const bus: Pick<Bus, 'publish'> = {
    publish: async deliveries => {
      if (deliveries.some(({ envelope }) => envelope.frames.some(frame => frame.includes('"bad"'))))
        throw new Error('no')
      published += deliveries.length
    }
  }
  const sources = sourcesOver(api.open.database)
  const { sweep } = sweeper({ ...api.ports, sources, bus, warn: (_, what) => warnings.push(what) })

  t.equal(await sweep(), 5)
  t.equal(published, 5)
  t.match(warnings, ['sweep', /^sweep of outbox row \d+$/])
  t.equal(await sweep(), 0)
  t.equal(warnings.length, 2, 'it is not tried again')
})

t.test('a sweep that fails late returns how many rows it announced before', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  await leaveRows(api, record, ['hello'])
  const outbox = { ...api.ports.outbox, expire: () => Promise.reject(new Error('the database is down')) }
  const sources = sourcesOver(api.open.database)

  t.equal(await sweeper({ ...api.ports, outbox, sources, warn() {} }).sweep(), 2)
})

t.test('rows of an unknown kind of stream are left to a worker that knows it', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  await leaveRows(api, record, ['hello'])
  const older = sweeper({ ...api.ports, sources: sourcesOver(api.open.database).slice(1) })

  t.equal(await older.sweep(), 0)
  t.equal(await api.services.sweeper.sweep(), 2, 'at once')
})

t.test('presence that hangs does not hold up the sweep', async t => {
  const record = recordingBus()
  const released = new EventEmitter()
  let hangs = false
  const online = async () => {
    if (hangs) await once(released, 'released')
    return []
  }
  const api = await startApi(t, { ports: ({ presence }) => ({ bus: record.bus, presence: { ...presence, online } }) })
  await leaveRows(api, record, ['hello'])
  hangs = true

  t.equal(await api.services.sweeper.sweep(), 2)
  released.emit('released')
})

t.test('two workers that sweep at once announce each row once', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const [ann, bob] = [await api.join(), await api.join()]
  await api.services.announcer.settle()
  record.take()
  record.goDown()
  for (const content of ['a', 'b', 'c']) await ann.ask('POST', '/messages/send/', { receiver: bob.id, content })
  await api.services.announcer.settle()
  record.comeUp()
  await ageOutbox(api.open.database)
  const other = sweeper({
    ...api.ports,
    sources: [conversationSource(api.ports.changes, () => {})],
    bus: record.bus,
    warn: error => t.fail(String(error))
  })

  const settled = await Promise.all([api.services.sweeper.sweep(), other.sweep()])
  t.equal(settled[0] + settled[1], 4)
  const seqs = record.take().flatMap(({ frames }) => frames.map(({ seq }) => seq))
  t.same(seqs.sort(), [1, 2, 3, 4])
})

function claimsIn(token: string): { readonly sid: string; readonly jti: string } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

function sessionOf(token: string): string {
  return claimsIn(token).sid
}
