import t from 'tap'
import { startNodes } from './cluster.ts'
import { newPerson, type Person, signIn } from './person.ts'
import { startStandalone } from './standalone.ts'

type Visibility = 'exact' | 'coarse' | 'hidden'

async function choose({ http }: Person, last_seen_visibility: Visibility): Promise<void> {
  await http.request('PATCH', '/api/v1/auth/profile/', { last_seen_visibility })
}

t.test('on two gateways', async t => {
  const nodes = await startNodes(t)
  const [apiOne, apiTwo] = nodes.apis
  const [gatewayOne, gatewayTwo] = nodes.gateways

  await t.test('who has several devices goes offline with the last of them', async t => {
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
      'who went after her phone is gone, and she is still there'
    )

    laptop.close()
    t.match(await offline(ann.id), { last_seen: String })
  })

  await t.test('who hides is gone to the other, sees him gone, and comes back when he shows himself', async t => {
    const [ann, bob] = [await newPerson(apiOne, gatewayOne), await newPerson(apiTwo, gatewayTwo)]
    await ann.http.openConversation(bob.id)
    const [atAnn, atBob] = [await ann.connect(), await bob.connect()]
    await atAnn.next('presence_update', event => event.user_id === bob.id)
    await atAnn.next('presence_snapshot')

    await choose(ann, 'hidden')
    t.match(await atBob.next('presence_update', event => event.user_id === ann.id), { online: false, last_seen: null })
    t.same((await atAnn.next('presence_snapshot')).online_user_ids, [ann.id])
    t.match(await bob.http.user(ann.id), { is_online: false, last_seen: null })
    t.match(await ann.http.user(bob.id), { is_online: false, last_seen: null })
    const again = await (await signIn(bob.name, apiOne, gatewayOne)).connect()
    t.same((await again.next('presence_snapshot')).online_user_ids, [bob.id])

    await choose(ann, 'coarse')
    t.match(await atBob.next('presence_update', event => event.user_id === ann.id), {
      online: true,
      last_seen: /T00:00:00\.000000Z$/
    })
    t.same((await atAnn.next('presence_snapshot')).online_user_ids, [ann.id, bob.id])
  })
})

t.test('with PRESENCE_AUDIENCE=everyone strangers see each other, save those who hide', async t => {
  const server = await startStandalone(t.testdir(), { PRESENCE_AUDIENCE: 'everyone' })
  t.teardown(() => server.stop())
  const [ann, bob, eve] = [await newPerson(server.url), await newPerson(server.url), await newPerson(server.url)]
  await choose(eve, 'hidden')
  const atAnn = await ann.connect()
  await eve.connect()

  const atBob = await bob.connect()

  t.match(await atAnn.next('presence_update', event => event.user_id !== ann.id), { user_id: bob.id, online: true })
  t.same(new Set((await atBob.next('presence_snapshot')).online_user_ids), new Set([ann.id, bob.id]))
  atBob.close()
  t.match(await atAnn.next('presence_update', event => event.user_id !== ann.id), { user_id: bob.id, online: false })
})
