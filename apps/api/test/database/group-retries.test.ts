import { randomUUID } from 'node:crypto'
import type { ConversationId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { NewGroup } from '../../src/chat/groups/port.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { addBlock, onEveryEngine } from './engines.ts'
import { syncFixture } from './sync-fixture.ts'

const AT_ONCE = 10

async function suite(t: Test, open: OpenDatabase) {
  const fixture = async () => {
    const here = await syncFixture(open, 3)
    const draft: NewGroup = {
      ...{ ownerId: here.ann, memberIds: [here.bob, here.eve], title: 'Climbing', history: 'joined' },
      clientId: randomUUID()
    }
    const owed = async (): Promise<number> => {
      const text = 'SELECT count(*)::int AS count FROM outbox'
      const [row] = await open.database.query<{ count: number }>({ name: 'test_owed', text })
      return row?.count ?? 0
    }
    return { ...here, draft, owed }
  }

  await t.test('a repetition answers the first group, and adds no row to the outbox', async t => {
    const { groups, draft, owed, ann, eve } = await fixture()
    const before = await owed()
    const created = await groups.create(draft)
    t.match(created, { status: 'ok', memberIds: [ann, draft.memberIds[0], eve] })
    const id = created.status === 'ok' ? created.id : null

    const again = { ...draft, memberIds: [...draft.memberIds].reverse(), clientId: draft.clientId?.toUpperCase() }
    t.same(await groups.create(again), { status: 'duplicate', id })
    t.equal(await owed(), before + 1)
    t.match(
      await groups.create({ ...draft, clientId: undefined }),
      { status: 'ok' },
      'a call without a client_id creates another group'
    )
  })

  await t.test('concurrent repetitions create one group', async t => {
    const { groups, draft } = await fixture()
    const created = await Promise.all(Array.from({ length: AT_ONCE }, () => groups.create(draft)))
    t.equal(created.filter(({ status }) => status === 'ok').length, 1)
    t.equal(created.filter(({ status }) => status === 'duplicate').length, AT_ONCE - 1)
    t.equal(new Set(created.map(each => 'id' in each && each.id)).size, 1)
  })

  await t.test('another group under the same client_id is refused, unless the first has changed', async t => {
    const { groups, conversations, draft, act, ann, bob, eve } = await fixture()
    const created = await groups.create(draft)
    const id = created.status === 'ok' ? created.id : (0 as ConversationId)
    for (const other of [{ title: 'Bouldering' }, { history: 'all' as const }, { memberIds: [bob] }])
      t.same((await groups.create({ ...draft, ...other })).status, 'conflict', JSON.stringify(other))

    await groups.update(act(id, ann), { title: 'Bouldering' })
    t.same(await groups.create(draft), { status: 'duplicate', id }, 'its title has changed')
    await conversations.leave(id, eve)
    t.same(await groups.create(draft), { status: 'duplicate', id }, 'its members have changed')
  })

  await t.test('a repetition answers the first group even when its members could no longer be added', async t => {
    const { groups, draft, ann, bob } = await fixture()
    await groups.create(draft)
    await addBlock(open.database, bob, ann)
    t.match(await groups.create(draft), { status: 'duplicate' })
    t.match(await groups.create({ ...draft, clientId: randomUUID() }), { status: 'unknown', userIds: [bob] })
  })

  await t.test('two people may use the same client_id', async t => {
    const { groups, draft, ann, bob } = await fixture()
    await groups.create(draft)
    t.match(await groups.create({ ...draft, ownerId: bob, memberIds: [ann] }), { status: 'ok' })
  })
}

await onEveryEngine(t, suite)
