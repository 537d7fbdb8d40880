import type { ConversationId, LastSeenVisibility, Seq, UserId } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import { syncIn } from '../../src/chat/sync/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { databaseUsers } from '../../src/people/users/adapter.ts'
import type { SeenUser } from '../../src/people/users/port.ts'
import { visibilityIn } from '../../src/people/visibility/adapter.ts'
import type { PresenceAudience, Watchers } from '../../src/people/visibility/port.ts'
import { addPerson, markPerson, usersOf } from '../people/people.ts'
import { addBlock, onEveryEngine } from './engines.ts'

const SEEN = new Date('2026-01-31T22:20:30.123Z')
const DAY = new Date('2026-01-31T00:00:00Z')
const choices: readonly LastSeenVisibility[] = ['exact', 'coarse', 'hidden']

/** The last seen time that a viewer with the first choice gets of a person with the second. */
const sights: Readonly<Record<LastSeenVisibility, Readonly<Record<LastSeenVisibility, Date | null>>>> = {
  exact: { exact: SEEN, coarse: DAY, hidden: null },
  coarse: { exact: DAY, coarse: DAY, hidden: null },
  hidden: { exact: null, coarse: null, hidden: null }
}

const memberOf = ({ person }: { readonly person: SeenUser }) => person

/** Two people with these choices, in one direct conversation and one group. */
async function openPair(open: OpenDatabase, mine: LastSeenVisibility, theirs: LastSeenVisibility) {
  const users = usersOf(open)
  const [viewer, other] = [
    await addPerson(users, { lastSeenVisibility: mine }),
    await addPerson(users, { lastSeenVisibility: theirs })
  ]
  await users.saw([viewer, other].map(({ id }) => ({ userId: id, at: SEEN })))
  const opened = await conversationsIn(open.database).openDirect(viewer.id, other.id)
  const created = await groupsIn(open.database).create({
    ...{ ownerId: other.id, memberIds: [viewer.id] },
    ...{ title: '', history: 'all' as const }
  })
  const group = created.status === 'ok' ? created.id : (0 as ConversationId)
  return { viewer: viewer.id, other: other.id, direct: opened?.id ?? (0 as ConversationId), group }
}

async function suite(t: Test, open: OpenDatabase) {
  const { database } = open
  const users = usersOf(open)
  const visibility = visibilityIn(database)
  const [conversations, groups] = [conversationsIn(database), groupsIn(database)]

  for (const mine of choices) {
    for (const theirs of choices) {
      await t.test(`${mine} viewers see ${theirs} people by the stricter of both choices`, async t => {
        const { viewer, other, direct, group } = await openPair(open, mine, theirs)
        const lastSeen = sights[mine][theirs]
        const expected = { id: other, lastSeen, hidden: lastSeen === null }
        const found = (people: readonly SeenUser[] | undefined) => people?.find(({ id }) => id === other)

        t.match(await users.findVisible(viewer, other), expected)
        t.match(found((await conversations.findForMember(direct, viewer))?.participants), expected)
        t.match(found((await conversations.findForMember(group, viewer))?.participants), expected)
        const members = await groups.members(group, viewer, { limit: 10, after: 0 })
        t.match(found(members?.map(({ person }) => person)), expected)
        t.type(
          members?.find(({ person }) => person.id === other)?.readSeq,
          'number',
          'the choice does not hide receipts'
        )

        const watchers: Watchers =
          lastSeen === null
            ? { exact: [], coarse: [] }
            : { exact: lastSeen === SEEN ? [other] : [], coarse: lastSeen === DAY ? [other] : [] }
        t.same(await visibility.contacts([viewer]), [watchers])
        t.same(await visibility.among([viewer], [other, viewer]), [watchers])
      })
    }
  }

  await t.test(
    'with the audience contacts, people who share a group alone do not see presence; with everyone they do',
    async t => {
      const [ann, bob] = [await addPerson(users), await addPerson(users)].map(({ id }) => id) as [UserId, UserId]
      await users.saw([ann, bob].map(userId => ({ userId, at: SEEN })))
      const created = await groups.create({ ownerId: bob, memberIds: [ann], title: '', history: 'all' })
      const group = created.status === 'ok' ? created.id : (0 as ConversationId)
      const start = { userId: ann, since: undefined, ranges: [{ conversationId: group, after: 0 as Seq }], limit: 100 }

      /** Bob's presence as Ann gets it, from every read that has it. */
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
        return found.flatMap(person =>
          person?.id === bob ? [{ lastSeen: person.lastSeen, hidden: person.hidden }] : []
        )
      }
      const [hidden, shown] = [
        { lastSeen: null, hidden: true },
        { lastSeen: SEEN, hidden: false }
      ].map(each => Array.from({ length: 6 }, () => each))

      t.same(await ways('contacts'), hidden, 'members of a group are not contacts by that')
      t.same(await ways('everyone'), shown)
      const opened = await conversations.openDirect(ann, bob)
      t.same((await ways('contacts'))[0], shown?.[0])
      await conversations.leave(opened?.id ?? group, bob)
      t.same((await ways('contacts'))[0], hidden?.[0], 'a person who left is not a contact')
      await conversations.openDirect(bob, ann)
      t.same((await ways('contacts'))[0], shown?.[0])
    }
  )

  await t.test('people see their own presence, whatever they chose', async t => {
    const { viewer, direct } = await openPair(open, 'hidden', 'exact')
    t.match(await users.findVisible(viewer, viewer), { lastSeen: SEEN, hidden: false })
    const me = (await conversations.findForMember(direct, viewer))?.participants.find(({ id }) => id === viewer)
    t.match(me, { lastSeen: SEEN, hidden: false })
    t.match(await users.findProfile(viewer), { lastSeen: SEEN, lastSeenVisibility: 'hidden' })
  })

  await t.test(
    'contacts are the active people of direct conversations that both are in, none across a block',
    async t => {
      const people: UserId[] = []
      for (let n = 0; n < 7; n++) people.push((await addPerson(users)).id)
      const [ann, ben, blocker, leaver, dan, inactive, stranger] = people as [
        UserId,
        UserId,
        UserId,
        UserId,
        UserId,
        UserId,
        UserId
      ]
      for (const peer of [ben, blocker, leaver, dan, inactive]) {
        const opened = await conversations.openDirect(ann, peer)
        if (peer === leaver && opened !== null) await conversations.leave(opened.id, leaver)
      }
      await addBlock(database, blocker, ann)
      await markPerson(open, inactive, 'inactive')

      const [mine, none, theirs, twice] = await visibility.contacts([ann, stranger, ben, ann])
      const ids = (watchers?: Watchers) => [...(watchers?.exact ?? [])].sort((a, b) => a - b)
      t.same(ids(mine), [ben, dan])
      t.same(none, { exact: [], coarse: [] })
      t.same(theirs, { exact: [ann], coarse: [] })
      t.same(ids(twice), ids(mine))
      t.same(await visibility.contacts([]), [])

      const [among] = await visibility.among([ann], people)
      t.same(ids(among), [ben, leaver, dan, stranger], 'among given people, strangers count too')
      t.same(await visibility.among([ann], []), [{ exact: [], coarse: [] }])
    }
  )
}

await onEveryEngine(t, suite)
