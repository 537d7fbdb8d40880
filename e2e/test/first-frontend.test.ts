import t from 'tap'
import { startNodes } from './cluster.ts'
import { type Frontend, newFrontend } from './frontend.ts'

// What the first backend's frontend does: it registers by e-mail, reads the list of people once, polls the history and
// keeps a plain socket. Each person uses another pair of nodes.

const nodes = await startNodes(t)
const [apiOne, apiTwo] = nodes.apis
const [gatewayOne, gatewayTwo] = nodes.gateways

/** Two people who registered, each on nodes of their own. */
async function two(): Promise<[Frontend, Frontend]> {
  return [await newFrontend('Ann', apiOne, gatewayOne), await newFrontend('Bob', apiTwo, gatewayTwo)]
}

t.test('a person registers, is logged in by the address, and sees the others but not themselves', async t => {
  const [ann, bob] = await two()

  const people = await ann.people()

  t.strictSame(
    people.find(({ id }) => id === bob.id),
    { id: bob.id, first_name: 'Bob', last_name: 'Lee', email: bob.email }
  )
  t.notOk(people.some(({ id }) => id === ann.id))
  t.match(await ann.person(bob.id), { first_name: 'Bob', email: bob.email, online: Boolean })
  t.match(await ann.person(ann.id), { first_name: 'Ann', email: ann.email }, 'its header shows the own profile')
  t.match(await ann.logIn('a wrong password'), { status: 401, body: { detail: 'Invalid credentials.' } })
})

t.test('a sent message is on screen once on both sides, whether it came by the socket or by the history', async t => {
  const [ann, bob] = await two()
  const [atAnn, atBob] = [await ann.open(t, bob.id), await bob.open(t, ann.id)]

  await ann.send(bob.id, 'Bonjour')

  await atAnn.heard('message_created')
  await atBob.heard('message_created')
  t.match(atAnn.screen(), [{ from: 'me', text: 'Bonjour' }])
  t.match(atBob.screen(), [{ from: 'other', text: 'Bonjour' }])
  await atAnn.poll()
  await atBob.poll()
  t.match(atAnn.screen(), [{ from: 'me', text: 'Bonjour' }], 'the history shows the text, too')
  t.match(atBob.screen(), [{ from: 'other', text: 'Bonjour' }])
  t.equal(atAnn.screen().length, 1)
})

t.test('reading the own history shows nothing as read; the peer’s reading does, once for each message', async t => {
  const [ann, bob] = await two()
  const [atAnn, annElsewhere] = [await ann.open(t, bob.id), await ann.open(t, bob.id, gatewayTwo)]
  const screens = [atAnn, annElsewhere]
  const ids = [await ann.send(bob.id, '1'), await ann.send(bob.id, '2')]
  for (const at of screens) for (const _ of ids) await at.heard('message_created')

  await atAnn.poll()
  await annElsewhere.poll()
  await bob.history(ann.id)
  await bob.history(ann.id)
  const last = await bob.send(ann.id, 'the end')

  for (const at of screens) {
    await at.heard('message_created', ({ id }) => id === last)
    t.same(
      at.all('message_read').map(({ id, user_id, private: isPrivate }) => [id, user_id, isPrivate]),
      ids.map(id => [id, bob.id, undefined])
    )
  }
})

t.test(
  'the frontend sends over the socket and answers read_ack, as the consumer of the first backend allows',
  async t => {
    const [ann, bob] = await two()
    const [atAnn, atBob] = [await ann.open(t, bob.id), await bob.open(t, ann.id)]

    atAnn.say({ type: 'send_message', to: bob.id, content: 'Salut' })
    const { id } = await atBob.heard('message_created', ({ content }) => content === 'Salut')
    atBob.say({ type: 'read_ack', id })

    t.match(await atAnn.heard('message_created'), { id, from: ann.id, to: bob.id })
    t.match(await atAnn.heard('message_read'), { id })
  }
)

t.test('a note to oneself is stored, and reaches each device of its author once, over both gateways', async t => {
  const [ann] = await two()
  const devices = [await ann.open(t, ann.id), await ann.open(t, ann.id, gatewayTwo)]

  const first = await ann.send(ann.id, 'buy bread')
  devices[0]?.say({ type: 'send_message', to: ann.id, content: 'and milk' })

  for (const at of devices) {
    await at.heard('message_created', ({ content }) => content === 'and milk')
    t.match(at.screen(), [
      { id: first, from: 'me', text: 'buy bread' },
      { from: 'me', text: 'and milk' }
    ])
    t.equal(at.all('message_created').length, 2)
  }
  await devices[0]?.poll()
  t.match(devices[0]?.screen(), [
    { from: 'me', text: 'buy bread' },
    { from: 'me', text: 'and milk' }
  ])
  t.match(await ann.history(ann.id), [{ sender: ann.id, receiver: ann.id, is_read: true }, { is_read: true }])
  for (const at of devices) t.same([...at.all('message_read'), ...at.all('message_delivered')], [])
})

t.test('a socket that is closed while it opens, as the frontend does, disturbs nobody', async t => {
  const [ann, bob] = await two()
  await ann.openAndClose()

  const id = await ann.send(bob.id, 'Bonjour')

  t.match(await ann.history(bob.id), [{ id, sender: ann.id, content: 'Bonjour', is_read: false }])
})
