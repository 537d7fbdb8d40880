import { ClusterError } from '@rendezvous/cluster'
import t, { type Test } from 'tap'
import { type Person, startApi } from '../app.ts'
import { recordingBus } from '../recording.ts'

const AT = Date.parse('2026-01-31T22:20:30.123Z')
const SECOND = 1_000

/** An api node whose clock is set by `setClock`. Ann and Bob have a conversation. `told` returns the topics of each
 *  presence update, `toldOnline` what each says. */
async function start(t: Test) {
  const record = recordingBus()
  let now = AT
  let reachable = true
  let onAudience = async () => {}
  let onDeclare = async () => {}
  const api = await startApi(t, {
    ports: ({ presence, visibility }) => ({
      bus: record.bus,
      clock: () => now,
      presence: {
        ...presence,
        async online(userIds) {
          if (!reachable) throw new ClusterError('unreachable', 'no presence')
          return presence.online(userIds)
        },
        async declare(...declaration) {
          const answer = await presence.declare(...declaration)
          await onDeclare()
          return answer
        }
      },
      visibility: {
        ...visibility,
        async contacts(userIds) {
          await onAudience()
          return visibility.contacts(userIds)
        }
      }
    })
  })
  const told = async () => {
    await api.services.announcer.settle()
    const frames = record.take().flatMap(({ topics, frames }) => frames.map(({ type }) => [type, ...topics]))
    return frames.filter(([type]) => type === 'presence_update').map(([, ...topics]) => topics)
  }
  const toldOnline = async () => {
    await api.services.announcer.settle()
    const frames = record.take().flatMap(({ frames }) => frames)
    return frames.filter(({ type }) => type === 'presence_update').map(({ online }) => online)
  }
  const [ann, bob] = [await api.join(), await api.join()]
  await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
  await told()

  return {
    ...{ ann, bob, told, toldOnline, presence: api.presence, backend: api.services.backend, record },
    /** Does this while the audience is looked up. */
    duringAudience: (run: () => Promise<void>) => {
      onAudience = run
    },
    /** Does this after a declaration took effect. */
    afterDeclare: (run: () => Promise<void>) => {
      onDeclare = run
    },
    lastSeen: async (person: Person) =>
      Reflect.get((await person.ask('GET', '/api/v1/auth/profile/')).body, 'last_seen'),
    setClock: (ms: number) => {
      now = ms
    },
    setReachable: (yes: boolean) => {
      reachable = yes
    }
  }
}

const topic = ({ id }: Person) => `user:${id}`
const stamp = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z')

t.test('an arrival reported after its user went offline is not told, since it would stick, but stored', async t => {
  const { ann, bob, told, presence, backend, lastSeen } = await start(t)
  await presence.arrive(bob.id)

  await backend.presenceChanged([ann, bob].map(({ id }) => ({ userId: id, online: true, at: AT })))

  t.same(await told(), [[topic(bob), topic(ann)]])
  t.equal(await lastSeen(ann), stamp(AT))
})

t.test('a departure reported after its user came back is not told, but stored', async t => {
  const { ann, bob, told, presence, backend, lastSeen } = await start(t)
  await presence.arrive(bob.id)

  await backend.presenceChanged([ann, bob].map(({ id }) => ({ userId: id, online: false, at: AT })))

  t.same(await told(), [[topic(ann), topic(bob)]])
  t.equal(await lastSeen(bob), stamp(AT))
})

t.test('a report that cannot be checked is refused, and told when the gateway repeats it', async t => {
  const { ann, bob, told, backend, setReachable } = await start(t)
  const report = () => backend.presenceChanged([{ userId: ann.id, online: false, at: AT }])
  setReachable(false)
  await t.rejects(report(), { code: 'unreachable' })
  t.same(await told(), [])
  setReachable(true)
  await report()
  t.same(await told(), [[topic(ann), topic(bob)]])
})

t.test('a report that the bus refused is rejected, so that the gateway repeats it', async t => {
  const { ann, bob, told, backend, record } = await start(t)
  const report = () => backend.presenceChanged([{ userId: ann.id, online: false, at: AT }])
  record.goDown()
  await t.rejects(report(), { code: 'unreachable' })
  record.comeUp()
  await report()
  t.same(await told(), [[topic(ann), topic(bob)]])
})

t.test('a user who changes while their report is told is told once more, as they are now', async t => {
  const { ann, toldOnline, presence, backend, duringAudience } = await start(t)
  const report = (online: boolean) => backend.presenceChanged([{ userId: ann.id, online, at: AT }])

  duringAudience(async () => void (await presence.arrive(ann.id)))
  await report(false)
  t.same(await toldOnline(), [false, true])

  duringAudience(async () => void (await presence.declare(ann.id, 'offline', 0)))
  await report(true)
  t.same(await toldOnline(), [true, false])
})

t.test('a declaration that was refused after it took effect is told when it is repeated', async t => {
  const { ann, toldOnline, afterDeclare, record } = await start(t)
  const declare = async (is_online: boolean) =>
    (await ann.ask('POST', '/api/v1/auth/update-status/', { is_online })).status
  for (const online of [true, false]) {
    afterDeclare(() => Promise.reject(new ClusterError('unreachable', 'no answer')))
    t.equal(await declare(online), 503)
    afterDeclare(async () => record.goDown())
    t.equal(await declare(online), 503, 'the bus refused it')
    record.comeUp()
    afterDeclare(async () => {})
    t.equal(await declare(online), 200)
    t.same(await toldOnline(), [online])
  }
})

t.test('users who are reported as seen have it stored, never back in time, and nobody is told', async t => {
  const { ann, bob, told, backend, lastSeen } = await start(t)
  await backend.seen([
    { userIds: [ann.id, bob.id], at: AT },
    { userIds: [ann.id], at: AT - 30 * SECOND }
  ])

  t.same(await told(), [])
  t.same([await lastSeen(ann), await lastSeen(bob)], [stamp(AT), stamp(AT)])
})

t.test('a client that declares itself online again and again is seen each time, and told once', async t => {
  const { ann, bob, told, lastSeen, setClock } = await start(t)
  const declare = (is_online: boolean) => ann.ask('POST', '/api/v1/auth/update-status/', { is_online })
  await declare(true)
  setClock(AT + 30 * SECOND)
  await declare(true)
  t.same(await told(), [[topic(ann), topic(bob)]])
  t.equal(await lastSeen(ann), stamp(AT + 30 * SECOND))
})
