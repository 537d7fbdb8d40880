import type { Transaction } from '@rendezvous/api'
import { type ConversationId, limits, type UserId } from '@rendezvous/contract'
import type { Notes, Reason } from '../report.ts'
import type { SourceConversation } from '../source/conversations.ts'
import {
  makeGroups,
  type NewDirect,
  type NewGroup,
  newConversationIds,
  openDirects,
  pairKey
} from '../target/conversations.ts'
import { knownConversations, knownPeople, record } from '../target/imported.ts'
import { type Member, membersOf, type People } from './members.ts'
import { importNewMembers } from './new-members.ts'
import { firstCharacters } from './person.ts'
import { type GroupQuota, groupQuota } from './quota.ts'
import { inBatch, type Step } from './step.ts'

/** One batch: its transaction, and the imported people it names. */
interface Batch {
  readonly on: Transaction
  readonly people: People
  readonly notes: Notes
}

/** A conversation that can be imported, its new id, and those of its members who were imported. */
interface Candidate {
  readonly from: SourceConversation
  readonly id: ConversationId
  readonly members: readonly Member[]
}

/** An imported conversation: its key in the source, and its id here. */
interface Brought {
  readonly key: string
  readonly id: ConversationId
}

/**
 * Imports a batch of conversations. All direct conversations of two people become one. New members are added to groups
 * that an earlier run imported.
 */
export async function importConversations(step: Step, conversations: readonly SourceConversation[]): Promise<void> {
  await inBatch(step, async (on, notes) => {
    notes.count('conversations', 'read', conversations.length)
    const keys = conversations.map(({ key }) => key)
    const known = await knownConversations(on, step.source, keys)
    const personKeys = conversations.flatMap(({ members, createdBy }) => [...members, createdBy])
    const people = await knownPeople(on, step.source, personKeys.filter(notNull))
    notes.count('conversations', 'there', known.size)

    const batch: Batch = { on, people, notes }
    const fresh = await candidates(
      batch,
      conversations.filter(({ key }) => !known.has(key))
    )
    const directs = await importDirects(
      batch,
      fresh.filter(({ from }) => from.isDirect)
    )
    const groups = await importGroups(
      batch,
      fresh.filter(({ from }) => !from.isDirect)
    )
    await record(on, step.source, 'conversation', [...directs, ...groups])
    notes.count('conversations', 'brought', directs.length + groups.length)

    await importNewMembers(on, conversations, known, people, notes)
  })
}

async function candidates({ on, people, notes }: Batch, fresh: readonly SourceConversation[]): Promise<Candidate[]> {
  const ids = await newConversationIds(on, fresh.length)
  return fresh.flatMap((from, place) => {
    const members = membersOf(from.key, from.members, people, notes)
    const problem = problemOf(from, members.length)
    if (problem !== null) notes.leaveOut('conversations', problem, from.key)
    const id = ids[place]
    return problem !== null || id === undefined ? [] : [{ from, id, members }]
  })
}

function problemOf({ members, isDirect }: SourceConversation, here: number): Reason | null {
  if (members.length === 0) return 'no_members'
  if (here === 0 || (isDirect && here < 2)) return 'unknown_person'
  return here > limits.groupMembers ? 'too_many_members' : null
}

async function importDirects({ on, people, notes }: Batch, fresh: readonly Candidate[]): Promise<Brought[]> {
  const wanted = new Map<string, NewDirect>()
  const pairs: { readonly key: string; readonly pair: string }[] = []
  for (const { from, id, members } of fresh) {
    const memberIds = members.map(member => member.id)
    const [low, high] = [...memberIds].sort((a, b) => a - b)
    if (low === undefined || high === undefined) continue // cannot happen: `problemOf` refuses it
    const pair = pairKey(low, high)
    const [gone = null] = from.gone.map(key => people.get(key)?.id ?? null)
    const createdBy = creatorOf(from, people, memberIds) ?? low
    if (!wanted.has(pair)) wanted.set(pair, { id, low, high, createdBy, createdAt: from.createdAt, gone })
    if (from.title !== null && from.title !== '') notes.change('conversations', 'title_dropped', from.key)
    pairs.push({ key: from.key, pair })
  }
  const { ids, members } = await openDirects(on, [...wanted.values()])
  notes.count('members', 'brought', members)
  return pairs.flatMap(({ key, pair }) => {
    const id = ids.get(pair)
    return id === undefined ? [] : [{ key, id }]
  })
}

async function importGroups({ on, people, notes }: Batch, fresh: readonly Candidate[]): Promise<Brought[]> {
  const groups: (NewGroup & Brought)[] = []
  const quota = await groupQuota(
    on,
    fresh.flatMap(({ members }) => members.map(member => member.id))
  )
  for (const { from, id, members } of fresh) {
    const memberIds = admitted(members, quota, notes)
    const [first] = memberIds
    if (first === undefined) notes.leaveOut('conversations', 'too_many_rooms', from.key)
    if (first === undefined) continue
    const whole = (from.title ?? '').trim()
    const title = firstCharacters(whole, limits.shortTextCharacters)
    if (title !== whole) notes.change('conversations', 'title_cut', from.key)
    const ownerId = creatorOf(from, people, memberIds) ?? first
    groups.push({ key: from.key, id, title, createdAt: from.createdAt, ownerId, memberIds })
    notes.count('members', 'brought', memberIds.length)
  }
  await makeGroups(on, groups)
  return groups
}

function admitted(members: readonly Member[], quota: GroupQuota, notes: Notes): UserId[] {
  return members.flatMap(({ id, name }) => {
    if (quota.take(id)) return [id]
    notes.leaveOut('members', 'too_many_rooms', name)
    return []
  })
}

/** The person who created it, when they are a member; else null. */
function creatorOf({ createdBy }: SourceConversation, people: Batch['people'], memberIds: readonly UserId[]) {
  const id = createdBy === null ? null : (people.get(createdBy)?.id ?? null)
  return id !== null && memberIds.includes(id) ? id : null
}

function notNull(key: string | null): key is string {
  return key !== null
}
