import t from 'tap'
import { startNodes } from './cluster.ts'
import { checkedFetch } from './contract/checked.ts'
import { newPerson, type Person, signIn } from './person.ts'
import { startStandalone } from './standalone.ts'

type Visibility = 'exact' | 'coarse' | 'hidden'

async function setVisibility({ http }: Person, last_seen_visibility: Visibility): Promise<void> {
  await http.request('PATCH', '/api/v1/auth/profile/', { last_seen_visibility })
}

t.test('on two gateways', async t => {
  const nodes = await startNodes(t)
  const [apiOne, apiTwo] = nodes.apis
  const [gatewayOne, gatewayTwo] = nodes.gateways

  await t.test('a user with several devices goes offline when the last one disconnects', async t => {
    const [ann, watcher] = [await newPerson(apiOne, gatewayOne), await newPerson(apiTwo, gatewayTwo)]
    const other = await newPerson(apiOne, gatewayOne)
    for (const { id } of [ann, other]) await watcher.http.openConversation(id)
    const atWatcher = await watcher.connect()
    const [phone, laptop] = [await ann.connect(), await (await signIn(ann.name, apiTwo, gatewayTwo)).connect()]
    const tablet = await other.connect()
    const offline = (userId: number) =>
      atWatcher.next('presence_update', event => event.user_id === userId && !event.online)

    phone.close()
    await phone.closed
    tablet.close()
    await offline(other.id)
    t.notOk(
      atWatcher.pending.some(event => event.type === 'presence_update' && event.user_id === ann.id && !event.online),
      'the other user, who disconnected later, is offline already, and Ann is not'
    )

    laptop.close()
    t.match(await offline(ann.id), { last_seen: String })
  })

  await t.test('a hidden user and their peer see each other offline, until the user is visible again', async t => {
    const [ann, bob] = [await newPerson(apiOne, gatewayOne), await newPerson(apiTwo, gatewayTwo)]
    await ann.http.openConversation(bob.id)
    const [atAnn, atBob] = [await ann.connect(), await bob.connect()]
    await atAnn.next('presence_update', event => event.user_id === bob.id)
    await atAnn.next('presence_snapshot')

    await setVisibility(ann, 'hidden')
    // the report that Ann connected may still be on its way to Bob
    const hidden = await atBob.next('presence_update', event => event.user_id === ann.id && !event.online)
    t.equal(hidden.last_seen, null)
    t.same((await atAnn.next('presence_snapshot')).online_user_ids, [ann.id])
    t.match(await bob.http.user(ann.id), { is_online: false, last_seen: null })
    t.match(await ann.http.user(bob.id), { is_online: false, last_seen: null })
    const again = await (await signIn(bob.name, apiOne, gatewayOne)).connect()
    t.same((await again.next('presence_snapshot')).online_user_ids, [bob.id])

    await setVisibility(ann, 'coarse')
    t.match(await atBob.next('presence_update', event => event.user_id === ann.id), {
      online: true,
      last_seen: /T00:00:00\.000000Z$/
    })
    t.same((await atAnn.next('presence_snapshot')).online_user_ids, [ann.id, bob.id])
  })
})

t.test('with PRESENCE_AUDIENCE=everyone strangers see each other, except hidden users', async t => {
  const server = await startStandalone(t.testdir(), { PRESENCE_AUDIENCE: 'everyone' })
  t.teardown(() => server.stop())
  const [ann, bob, eve] = [await newPerson(server.url), await newPerson(server.url), await newPerson(server.url)]
  await setVisibility(eve, 'hidden')
  const atAnn = await ann.connect()
  await eve.connect()

  const atBob = await bob.connect()

  t.match(await atAnn.next('presence_update', event => event.user_id !== ann.id), { user_id: bob.id, online: true })
  t.same(new Set((await atBob.next('presence_snapshot')).online_user_ids), new Set([ann.id, bob.id]))
  atBob.close()
  t.match(await atAnn.next('presence_update', event => event.user_id !== ann.id), { user_id: bob.id, online: false })
})

t.test('a restart stores when those who were online were last seen', async t => {
  const folder = t.testdir()
  const before = await startStandalone(folder)
  const ann = await newPerson(before.url)
  const socket = await ann.connect()
  await socket.next('presence_update', event => event.user_id === ann.id)

  const restarted = Date.now()
  await before.stop()
  const after = await startStandalone(folder)
  t.teardown(() => after.stop())

  const answer = await checkedFetch(`${after.url}/api/v1/auth/profile/`, {
    headers: { authorization: `Bearer ${ann.http.access}` }
  })
  const { last_seen } = (await answer.json()) as { last_seen: string }
  t.ok(Date.parse(last_seen) >= restarted, `${last_seen} is not before the restart`)
})
