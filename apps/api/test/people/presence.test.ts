import type { LastSeenVisibility } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { type Person, startApi } from '../app.ts'
import { recordingBus } from '../recording.ts'

const PROFILE = '/api/v1/auth/profile/'
const AT = Date.parse('2026-01-31T22:20:30.123Z')
const EXACT = '2026-01-31T22:20:30.123000Z'
const DAY = '2026-01-31T00:00:00.000000Z'

/** An api node that records the presence events it announces. */
async function start(t: Test, presenceAudience: 'contacts' | 'everyone' = 'contacts') {
  const record = recordingBus()
  const api = await startApi(t, { presenceAudience, ports: () => ({ bus: record.bus }) })
  const announced = async () => {
    await api.services.announcer.settle()
    const frames = record.take().flatMap(({ topics, frames }) => frames.map(frame => ({ topics, ...frame })))
    return frames.filter(({ type }) => type.startsWith('presence'))
  }
  const choose = async (person: Person, last_seen_visibility: LastSeenVisibility) => {
    const { status } = await person.ask('PATCH', PROFILE, { last_seen_visibility })
    if (status !== 200) throw new Error(`the profile update answered ${status}`)
  }
  /** Two contacts, and a stranger. */
  const people = async () => {
    const [ann, bob, eve] = [await api.join(), await api.join(), await api.join()]
    await ann.ask('POST', '/messages/send/', { receiver: bob.id, content: 'hello' })
    await announced()
    return { ann, bob, eve }
  }
  const come = async (...people: readonly Person[]) => {
    for (const { id } of people) await api.presence.arrive(id)
  }
  return { ...api, record, announced, choose, people, come }
}

const topic = ({ id }: Person) => `user:${id}`

t.test('with PRESENCE_AUDIENCE=contacts', async t => {
  const { services, announced, choose, people, come, warnings } = await start(t)
  const { backend } = services
  const claimsOf = (person: Person) => ({
    userId: person.id,
    sessionId: crypto.randomUUID(),
    tokenId: '',
    expiresAt: 0
  })
  const seenBy = async (person: Person) => (await backend.roster([claimsOf(person)]))[0]?.contacts
  const go = ({ id }: Person, online = false) => backend.presenceChanged([{ userId: id, online, at: AT }])

  await t.test('the last_seen of a coarse user is a day for contacts, and exact for their own devices', async t => {
    const { ann, bob } = await people()
    await choose(ann, 'coarse')
    await go(ann)

    const event = { type: 'presence_update', user_id: ann.id, online: false }
    t.match(await announced(), [
      { topics: [topic(ann)], ...event, last_seen: EXACT },
      { topics: [topic(bob)], ...event, last_seen: DAY }
    ])
    t.match((await bob.ask('GET', `/users/${ann.id}/`)).body, { last_seen: DAY })
    t.match((await ann.ask('GET', `/users/${bob.id}/`)).body, { last_seen: null })
    await go(bob)
    t.match(await announced(), [
      { topics: [topic(bob)], last_seen: EXACT },
      { topics: [topic(ann)], last_seen: DAY }
    ])
  })

  await t.test('a hidden user is seen by nobody and sees nobody', async t => {
    const { ann, bob } = await people()
    await choose(ann, 'hidden')
    await announced()
    await come(ann, bob)

    await go(ann, true)
    await go(bob, true)
    t.match(
      (await announced()).map(({ topics }) => topics),
      [[topic(ann)], [topic(bob)]],
      'only their own devices are told'
    )
    t.same([await seenBy(ann), await seenBy(bob)], [[], []])
    for (const [one, other] of [[ann, bob] as const, [bob, ann] as const]) {
      t.match((await one.ask('GET', `/users/${other.id}/`)).body, { online: false, status: 'offline', last_seen: null })
      const [talk] = (await one.ask('GET', '/api/v1/conversations/')).body
      for (const person of talk?.participants ?? []) t.equal(Reflect.get(person, 'is_online'), person.id === one.id)
    }
    t.match((await ann.ask('GET', PROFILE)).body, { is_online: true, last_seen: EXACT, last_seen_visibility: 'hidden' })
  })

  await t.test(
    'hiding looks like going offline without a last_seen, and showing oneself looks like coming online',
    async t => {
      const { ann, bob } = await people()
      await come(ann, bob)

      await choose(ann, 'hidden')
      t.match(await announced(), [
        { topics: [topic(ann)], type: 'presence_snapshot', online_user_ids: [ann.id] },
        { topics: [topic(bob)], type: 'presence_update', user_id: ann.id, online: false, last_seen: null }
      ])
      await choose(ann, 'hidden')
      t.same(await announced(), [], 'nothing changed')

      await choose(ann, 'exact')
      t.match(await announced(), [
        { topics: [topic(ann)], type: 'presence_snapshot', online_user_ids: [ann.id, bob.id] },
        { topics: [topic(bob)], type: 'presence_update', user_id: ann.id, online: true, last_seen: String }
      ])
      await choose(ann, 'coarse')
      t.same(await announced(), [], 'they stay online')
    }
  )

  await t.test('an offline user who hides announces nothing, because that would reveal activity', async t => {
    const { ann, bob } = await people()
    await come(bob)

    await choose(ann, 'hidden')
    t.match(await announced(), [{ topics: [topic(ann)], type: 'presence_snapshot', online_user_ids: [ann.id] }])
    await choose(ann, 'exact')
    t.match(await announced(), [{ topics: [topic(ann)], online_user_ids: [ann.id, bob.id] }])
  })

  await t.test('strangers look hidden to each other until they are contacts', async t => {
    const { ann, bob, eve } = await people()
    await come(ann, eve)
    await go(ann, true)
    const seen = async (one: Person, other: Person) => (await one.ask('GET', `/users/${other.id}/`)).body

    t.match(await seen(eve, ann), { is_online: false, online: false, status: 'offline', last_seen: null })
    t.match(await seen(ann, eve), { online: false, last_seen: null })
    t.match(await seen(bob, ann), { online: true, last_seen: EXACT })

    await ann.ask('POST', '/api/v1/conversations/', { participants: [eve.id] })
    t.match(await seen(eve, ann), { online: true, last_seen: EXACT })
    t.match(await seen(ann, eve), { online: true })
    await announced()
  })

  await t.test('a new contact learns nothing of a hidden user', async t => {
    const { ann, eve } = await people()
    await come(ann, eve)
    await choose(eve, 'hidden')
    await announced()

    await ann.ask('POST', '/api/v1/conversations/', { participants: [eve.id] })

    t.same(await announced(), [])
  })

  await t.test('last_seen_visibility is in the user’s own profile alone', async t => {
    const { ann, bob } = await people()
    t.match((await ann.ask('GET', PROFILE)).body, { last_seen_visibility: 'exact' })
    t.match(await ann.ask('PUT', PROFILE, { last_seen_visibility: 'coarse' }), {
      status: 200,
      body: { last_seen_visibility: 'coarse' }
    })
    t.match(await ann.ask('PATCH', PROFILE, { last_seen_visibility: 'no' }), {
      status: 400,
      body: { last_seen_visibility: [String] }
    })
    t.notOk('last_seen_visibility' in (await bob.ask('GET', `/users/${ann.id}/`)).body)
  })

  t.same(warnings, [])
})

t.test('with PRESENCE_AUDIENCE=everyone', async t => {
  const { services, announced, choose, people, come, open } = await start(t, 'everyone')
  const { ann, bob, eve } = await people()
  await come(ann, bob, eve)
  const block = { name: 'test_add_block', text: 'INSERT INTO block VALUES ($1, $2)' }
  const go = ({ id }: Person) => services.backend.presenceChanged([{ userId: id, online: true, at: AT }])

  await t.test('a user who comes online is announced to all online users, contacts or not', async t => {
    await go(ann)
    t.match(await announced(), [{ topics: [topic(ann), topic(bob), topic(eve)], user_id: ann.id, online: true }])
    t.match((await eve.ask('GET', `/users/${ann.id}/`)).body, { online: true, last_seen: EXACT })
  })

  await t.test('a block or a hidden user is an exception', async t => {
    await open.database.query(block, [eve.id, ann.id])
    await go(ann)
    t.match(await announced(), [{ topics: [topic(ann), topic(bob)] }])

    await choose(bob, 'hidden')
    t.match(await announced(), [
      { type: 'presence_snapshot', online_user_ids: [bob.id] },
      { topics: [topic(ann), topic(eve)], user_id: bob.id, online: false, last_seen: null }
    ])
    await go(ann)
    t.match(await announced(), [{ topics: [topic(ann)] }])
  })
})
