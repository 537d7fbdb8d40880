import { randomUUID } from 'node:crypto'
import type { ConversationId, MessageId, Seq, UserId } from '@rendezvous/contract'
import { conversationsIn } from '../../src/chat/conversations/adapter.ts'
import { groupsIn } from '../../src/chat/groups/adapter.ts'
import { messageChangesIn } from '../../src/chat/message-changes/adapter.ts'
import { messagesIn } from '../../src/chat/messages/adapter.ts'
import { receiptsIn } from '../../src/chat/receipts/adapter.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import { addPeople } from './engines.ts'
import { pick } from './nodes.ts'

const PEOPLE = 12
const GROUPS = 6
/** The rank of the lowest role: this test is not about rights. */
const ANY_ROLE = 1

/** The answer to a write that took `count` seqs of a group, from `seq` on. */
interface TakenSeqs {
  readonly id: ConversationId
  readonly seq: number
  readonly count: number
  readonly by: UserId
  readonly left?: readonly UserId[]
  readonly joined?: readonly UserId[]
}

/** People and groups, and what the writes to them were answered with so far. */
export interface Fixture {
  readonly people: readonly UserId[]
  readonly groups: readonly ConversationId[]
  readonly sent: { readonly conversationId: ConversationId; readonly messageId: MessageId }[]
  readonly taken: TakenSeqs[]
}

/** Adds people, and groups of all of them. */
export async function openFixture({ database }: OpenDatabase): Promise<Fixture> {
  const people = await addPeople(database, PEOPLE)
  const groups = await Promise.all(
    Array.from({ length: GROUPS }, async () => {
      const ownerId = pick(people)
      const created = await groupsIn(database).create({ ownerId, memberIds: people, title: '', history: 'all' })
      if (created.status !== 'ok') throw new Error('the group was not created')
      return created.id
    })
  )
  return { people, groups, sent: [], taken: [] }
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map(item => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** The writes of one node, each by random people in random groups. Each records the seqs it took. */
export function actions(node: OpenDatabase, { people, groups, sent, taken }: Fixture): (() => Promise<void>)[] {
  const { database, hot } = node
  const rooms = groupsIn(database)
  const changes = messageChangesIn(database)
  const act = () => ({ conversationId: pick(groups), actorId: pick(people), requiredRank: ANY_ROLE })
  const some = () => shuffled(people).slice(0, 1 + Math.floor(Math.random() * 4))

  /** An action of the owner of a random group, who may remove anybody and give any role. */
  async function actionOfOwner() {
    const conversationId = pick(groups)
    const [owner] = await database.query<{ id: UserId }>(
      {
        name: 'test_owner',
        text: 'SELECT user_id AS id FROM membership WHERE conversation_id = $1 AND role = 3 AND left_seq IS NULL'
      },
      [conversationId]
    )
    return { conversationId, actorId: owner?.id ?? pick(people), requiredRank: 3 }
  }

  async function send(): Promise<void> {
    const drafts = Array.from({ length: 1 + Math.floor(Math.random() * 8) }, () => {
      const { conversationId, actorId: senderId } = act()
      return { conversationId, senderId, clientId: randomUUID(), kind: 1, content: 'text' }
    })
    const answers = await messagesIn(database, hot).append(drafts)
    for (const [place, answer] of answers.entries()) {
      const draft = drafts[place]
      if (draft === undefined || answer.status !== 'created') continue
      taken.push({ id: draft.conversationId, seq: answer.seq, count: 1, by: draft.senderId })
      sent.push({ conversationId: draft.conversationId, messageId: answer.id })
    }
  }

  async function add(): Promise<void> {
    const by = act()
    const changed = await rooms.add(by, some())
    if (changed.status !== 'ok') return
    taken.push({ id: by.conversationId, seq: changed.seq, count: 2, by: by.actorId, joined: changed.userIds })
  }

  async function remove(): Promise<void> {
    const by = await actionOfOwner()
    const others = some().filter(id => id !== by.actorId)
    const changed = await rooms.remove(by, others)
    if (changed.status !== 'ok') return
    taken.push({ id: by.conversationId, seq: changed.seq, count: 2, by: by.actorId, left: changed.userIds })
  }

  async function leave(): Promise<void> {
    const { conversationId: id, actorId } = Math.random() < 0.5 ? await actionOfOwner() : act()
    const left = await conversationsIn(database).leave(id, actorId)
    if (left !== null) taken.push({ id, seq: left.seq, count: 2, by: actorId, left: [actorId] })
  }

  async function setRole(): Promise<void> {
    const by = await actionOfOwner()
    const changed = await rooms.setRole(by, pick(people), pick(['member', 'admin', 'owner']))
    if (changed.status === 'ok') taken.push({ id: by.conversationId, seq: changed.seq, count: 1, by: by.actorId })
  }

  async function rename(): Promise<void> {
    const by = act()
    const updated = await rooms.update(by, { title: randomUUID() })
    if (updated.status === 'ok') taken.push({ id: by.conversationId, seq: updated.seq, count: 2, by: by.actorId })
  }

  async function change(): Promise<void> {
    if (sent.length === 0) return
    const which = { ...pick(sent.slice(-40)), actorId: pick(people) }
    const changed = await pick([
      () => changes.edit(which, { content: randomUUID(), mentions: [] }),
      () => changes.remove(which, ANY_ROLE),
      () => changes.react(which, pick(['a', 'b', 'c']), true),
      () => changes.react(which, pick(['a', 'b', 'c']), true),
      () => changes.react(which, pick(['a', 'b', 'c']), false),
      () => changes.pin(which, Math.random() < 0.6, ANY_ROLE)
    ])()
    if (changed.status === 'ok') taken.push({ id: which.conversationId, seq: changed.seq, count: 1, by: which.actorId })
  }

  async function read(): Promise<void> {
    const everywhere = groups.flatMap(conversationId => people.map(userId => ({ conversationId, userId })))
    const receipts = shuffled(everywhere).slice(0, 50)
    const readSeq = Math.floor(Math.random() * 1_000) as Seq
    await receiptsIn(database, hot).advance(receipts.map(receipt => ({ ...receipt, readSeq })))
  }

  return [send, send, send, add, add, remove, leave, setRole, rename, change, change, change, change, read, read, read]
}
