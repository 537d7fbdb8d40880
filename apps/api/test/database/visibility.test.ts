import type { ConversationId, LastSeenVisibility, Seq, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { conversationsIn } from '../../src/adapters/conversations.ts'
import { groupsIn } from '../../src/adapters/groups.ts'
import { syncIn } from '../../src/adapters/sync.ts'
import { databaseUsers } from '../../src/adapters/users.ts'
import { visibilityIn } from '../../src/adapters/visibility.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { SeenUser } from '../../src/ports/users.ts'
import type { PresenceAudience, Watchers } from '../../src/ports/visibility.ts'
import { addPerson, dispose, usersOf } from '../accounts/people.ts'
import { addBlock, onEveryEngine } from './engines.ts'

const SEEN = new Date('2026-01-31T22:20:30.123Z')
const DAY = new Date('2026-01-31T00:00:00Z')
const choices: readonly LastSeenVisibility[] = ['exact', 'coarse', 'hidden']

/** What he sees who chose the first of one who chose the second. */
const sights: Readonly<Record<LastSeenVisibility, Readonly<Record<LastSeenVisibility, Date | null>>>> = {
  exact: { exact: SEEN, coarse: DAY, hidden: null },
  coarse: { exact: DAY, coarse: DAY, hidden: null },
  hidden: { exact: null, coarse: null, hidden: null }
}

const memberOf = ({ person }: { readonly person: SeenUser }) => person

/** Two people who chose so, in one direct conversation and one group. */
async function couple(open: OpenDatabase, mine: LastSeenVisibility, his: LastSeenVisibility) {
  const users = usersOf(open)
  const [viewer, other] = [
    await addPerson(users, { lastSeenVisibility: mine }),
    await addPerson(users, { lastSeenVisibility: his })
  ]
  await users.saw([viewer, other].map(({ id }) => ({ userId: id, at: SEEN })))
  const opened = await conversationsIn(open.database).openDirect(viewer.id, other.id)
  const made = await groupsIn(open.database).create({
    ...{ ownerId: other.id, memberIds: [viewer.id] },
    ...{ title: '', history: 'all' as const }
  })
  const group = made.status === 'ok' ? made.id : (0 as ConversationId)
  return { viewer: viewer.id, other: other.id, direct: opened?.id ?? (0 as ConversationId), group }
}

async function suite(t: Test, open: OpenDatabase) {
  const { database } = open
  const users = usersOf(open)
  const visibility = visibilityIn(database)
  const [conversations, groups] = [conversationsIn(database), groupsIn(database)]

  for (const mine of choices) {
    for (const his of choices) {
      await t.test(`who chose ${mine} sees of who chose ${his} the less of the two, everywhere`, async t => {
        const { viewer, other, direct, group } = await couple(open, mine, his)
        const lastSeen = sights[mine][his]
        const expected = { id: other, lastSeen, hidden: lastSeen === null }
        const found = (people: readonly SeenUser[] | undefined) => people?.find(({ id }) => id === other)

        t.match(await users.findVisible(viewer, other), expected)
        t.match(found((await conversations.findForMember(direct, viewer))?.participants), expected)
        t.match(found((await conversations.findForMember(group, viewer))?.participants), expected)
        const members = await groups.members(group, viewer, { limit: 10, after: 0 })
        t.match(found(members?.map(({ person }) => person)), expected)
        t.type(members?.find(({ person }) => person.id === other)?.readSeq, 'number', 'receipts are another matter')

        const watchers: Watchers =
          lastSeen === null
            ? { exact: [], coarse: [] }
            : { exact: lastSeen === SEEN ? [other] : [], coarse: lastSeen === DAY ? [other] : [] }
        t.same(await visibility.contacts([viewer]), [watchers])
        t.same(await visibility.among([viewer], [other, viewer]), [watchers])
      })
    }
  }

  await t.test('the presence of strangers is seen where the audience is everyone, of contacts everywhere', async t => {
    const [ann, bob] = [await addPerson(users), await addPerson(users)].map(({ id }) => id) as [UserId, UserId]
    await users.saw([ann, bob].map(userId => ({ userId, at: SEEN })))
    const made = await groups.create({ ownerId: bob, memberIds: [ann], title: '', history: 'all' })
    const group = made.status === 'ok' ? made.id : (0 as ConversationId)
    const start = { userId: ann, since: undefined, ranges: [{ conversationId: group, after: 0 as Seq }], limit: 100 }

    /** Bob as ann finds him, by each way there is. */
    async function ways(audience: PresenceAudience) {
      const { read } = syncIn(database, 0, audience)
      const state = await read(start)
      const synced = state.status === 'ok' && state.ranges[0]?.status === 'ok' ? state.ranges[0] : undefined
      const found = [
        await databaseUsers(database, open.prisma, audience).findVisible(ann, bob),
        ...((await conversationsIn(database, audience).findForMember(group, ann))?.participants ?? []),
        ...((await conversationsIn(database, audience).listFor(ann, { limit: 1 })).conversations[0]?.participants ??
          []),
        ...((await groupsIn(database, audience).members(group, ann, { limit: 9, after: 0 })) ?? []).map(memberOf),
        ...(synced?.members ?? []).map(memberOf),
        ...(synced?.conversation?.participants ?? [])
      ]
      return found.flatMap(person => (person?.id === bob ? [{ lastSeen: person.lastSeen, hidden: person.hidden }] : []))
    }
    const [hidden, shown] = [
      { lastSeen: null, hidden: true },
      { lastSeen: SEEN, hidden: false }
    ].map(each => Array.from({ length: 6 }, () => each))

    t.same(await ways('contacts'), hidden, 'a group makes no contacts')
    t.same(await ways('everyone'), shown)
    const opened = await conversations.openDirect(ann, bob)
    t.same((await ways('contacts'))[0], shown?.[0])
    await conversations.leave(opened?.id ?? group, bob)
    t.same((await ways('contacts'))[0], hidden?.[0], 'who left is a contact no more')
    await conversations.openDirect(bob, ann)
    t.same((await ways('contacts'))[0], shown?.[0])
  })

  await t.test('one sees all of oneself, whatever one chose', async t => {
    const { viewer, direct } = await couple(open, 'hidden', 'exact')
    t.match(await users.findVisible(viewer, viewer), { lastSeen: SEEN, hidden: false })
    const me = (await conversations.findForMember(direct, viewer))?.participants.find(({ id }) => id === viewer)
    t.match(me, { lastSeen: SEEN, hidden: false })
    t.match(await users.findProfile(viewer), { lastSeen: SEEN, lastSeenVisibility: 'hidden' })
  })

  await t.test(
    'contacts are those of direct conversations that both are in, without the blocked and the gone',
    async t => {
      const people: UserId[] = []
      for (let n = 0; n < 7; n++) people.push((await addPerson(users)).id)
      const [ann, ben, blocker, leaver, dan, gone, stranger] = people as [
        UserId,
        UserId,
        UserId,
        UserId,
        UserId,
        UserId,
        UserId
      ]
      for (const peer of [ben, blocker, leaver, dan, gone]) {
        const opened = await conversations.openDirect(ann, peer)
        if (peer === leaver && opened !== null) await conversations.leave(opened.id, leaver)
      }
      await addBlock(database, blocker, ann)
      await dispose(open, gone, 'inactive')

      const [mine, none, theirs, twice] = await visibility.contacts([ann, stranger, ben, ann])
      const ids = (watchers?: Watchers) => [...(watchers?.exact ?? [])].sort((a, b) => a - b)
      t.same(ids(mine), [ben, dan])
      t.same(none, { exact: [], coarse: [] })
      t.same(theirs, { exact: [ann], coarse: [] })
      t.same(ids(twice), ids(mine))
      t.same(await visibility.contacts([]), [])

      const [among] = await visibility.among([ann], people)
      t.same(ids(among), [ben, leaver, dan, stranger], 'of others also those one never talked with')
      t.same(await visibility.among([ann], []), [{ exact: [], coarse: [] }])
    }
  )
}

await onEveryEngine(t, suite)
