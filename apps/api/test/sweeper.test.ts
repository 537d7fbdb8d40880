import t from 'tap'
import { startApi } from './app.ts'
import { recordingBus } from './recording.ts'

/** Makes every row of the outbox look older than it is. */
const AGE = { name: 'test_age_outbox', text: `UPDATE outbox SET created_at = created_at - interval '3 seconds'` }
const COUNT = { name: 'test_count_outbox', text: 'SELECT count(*)::int AS rows FROM outbox' }

t.test('what was committed and not announced is announced by the sweep, once', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const rows = async () => (await api.open.database.query<{ rows: number }>(COUNT))[0]?.rows
  const [ann, bob] = [await api.join(), await api.join()]
  await api.services.announcer.settle()
  record.take()
  record.goDown()
  const { body } = await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
  await api.services.announcer.settle()

  t.test('young rows are left to who wrote them', async t => {
    t.equal(await api.services.sweeper.sweep(), 0)
    t.equal(await rows(), 2)
  })

  t.test('with the bus down nothing is forgotten', async t => {
    await api.open.database.query(AGE)
    t.equal(await api.services.sweeper.sweep(), 0)
    t.equal(await rows(), 2)
  })

  t.test('with the bus up everybody hears of it in order', async t => {
    record.comeUp()
    t.equal(await api.services.sweeper.sweep(), 2)
    await api.services.announcer.settle()
    t.equal(await rows(), 0)
    const told = record.take().flatMap(({ topics, frames }) => frames.map(frame => ({ topics, frame })))
    t.match(told, [
      { topics: [`user:${ann.id}`, `user:${bob.id}`], frame: { type: 'conversation_created', seq: 1 } },
      {
        topics: [`user:${ann.id}`, `user:${bob.id}`],
        frame: { type: 'message_created', seq: 2, id: body.id, content: 'hello' }
      }
    ])
    t.equal(await api.services.sweeper.sweep(), 0)
  })
})

t.test('what was announced leaves nothing to sweep', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const [ann, bob] = [await api.join(), await api.join()]
  await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
  await api.services.announcer.settle()

  await api.open.database.query(AGE)
  t.equal(await api.services.sweeper.sweep(), 0)
})

t.test('what concerned one person alone, and was not announced, is announced by the sweep', async t => {
  const record = recordingBus()
  const api = await startApi(t, { ports: () => ({ bus: record.bus }) })
  const ann = await api.join()
  await api.services.announcer.settle()
  record.take()
  record.goDown()
  await ann.ask('POST', '/api/v1/auth/logout/')
  await api.services.announcer.settle()
  record.comeUp()

  await api.open.database.query(AGE)
  t.equal(await api.services.sweeper.sweep(), 1)
  t.match(record.take(), [
    {
      topics: [`user:${ann.id}`],
      header: { kind: 'events', stream: `user:${ann.id}`, from: 2, to: 2 },
      frames: [{ type: 'session_ended', reason: 'logged_out', stream: `user:${ann.id}`, seq: 2 }]
    }
  ])
})
