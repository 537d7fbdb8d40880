import { randomUUID } from 'node:crypto'
import type { ConversationId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { NewGroup } from '../../src/ports/groups.ts'
import { addBlock, onEveryEngine } from './engines.ts'
import { someone } from './sync-world.ts'

const AT_ONCE = 10

async function suite(t: Test, open: OpenDatabase) {
  const world = async () => {
    const here = await someone(open, 3)
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

  await t.test('a repetition answers the first group, and owes no announcement', async t => {
    const { groups, draft, owed, ann, eve } = await world()
    const before = await owed()
    const made = await groups.create(draft)
    t.match(made, { status: 'ok', memberIds: [ann, draft.memberIds[0], eve] })
    const id = made.status === 'ok' ? made.id : null

    const again = { ...draft, memberIds: [...draft.memberIds].reverse(), clientId: draft.clientId?.toUpperCase() }
    t.same(await groups.create(again), { status: 'duplicate', id })
    t.equal(await owed(), before + 1)
    t.match(
      await groups.create({ ...draft, clientId: undefined }),
      { status: 'ok' },
      'without a client_id it is another'
    )
  })

  await t.test('repetitions that come at once make one group', async t => {
    const { groups, draft } = await world()
    const made = await Promise.all(Array.from({ length: AT_ONCE }, () => groups.create(draft)))
    t.equal(made.filter(({ status }) => status === 'ok').length, 1)
    t.equal(made.filter(({ status }) => status === 'duplicate').length, AT_ONCE - 1)
    t.equal(new Set(made.map(each => 'id' in each && each.id)).size, 1)
  })

  await t.test('another group under the same client_id is refused, unless the first has changed', async t => {
    const { groups, conversations, draft, act, ann, bob, eve } = await world()
    const made = await groups.create(draft)
    const id = made.status === 'ok' ? made.id : (0 as ConversationId)
    for (const other of [{ title: 'Bouldering' }, { history: 'all' as const }, { memberIds: [bob] }])
      t.same((await groups.create({ ...draft, ...other })).status, 'conflict', JSON.stringify(other))

    await groups.update(act(id, ann), { title: 'Bouldering' })
    t.same(await groups.create(draft), { status: 'duplicate', id }, 'its title is another now')
    await conversations.leave(id, eve)
    t.same(await groups.create(draft), { status: 'duplicate', id }, 'and so are its members')
  })

  await t.test('who could no longer be brought in does not matter to a repetition', async t => {
    const { groups, draft, ann, bob } = await world()
    await groups.create(draft)
    await addBlock(open.database, bob, ann)
    t.match(await groups.create(draft), { status: 'duplicate' })
    t.match(await groups.create({ ...draft, clientId: randomUUID() }), { status: 'unknown', userIds: [bob] })
  })

  await t.test("somebody else's client_id is his own", async t => {
    const { groups, draft, ann, bob } = await world()
    await groups.create(draft)
    t.match(await groups.create({ ...draft, ownerId: bob, memberIds: [ann] }), { status: 'ok' })
  })
}

await onEveryEngine(t, suite)
