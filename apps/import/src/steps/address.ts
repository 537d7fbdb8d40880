import type { Transaction } from '@rendezvous/api'
import type { ConversationId, UserId } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { SourceMessage } from '../source/messages.ts'
import { type NewDirect, newConversationIds, openDirects, pairKey } from '../target/conversations.ts'
import { type KnownConversation, knownConversations } from '../target/imported.ts'
import type { People } from './members.ts'
import { messageProblem } from './message.ts'

type Pair = readonly [low: UserId, high: UserId]

/** A message whose sender was imported, and the conversation it belongs to. */
export interface Addressed {
  readonly from: SourceMessage
  readonly senderId: UserId
  /** Null when the conversation was not imported. */
  readonly conversationId: ConversationId | null
  /** Whether the conversation was imported as a direct one and has other people now. Nothing is added to it then. */
  readonly isClosed: boolean
}

/** A message before its conversation is resolved: the one that an earlier run imported, or that of a pair. */
interface Found {
  readonly from: SourceMessage
  readonly senderId: UserId
  readonly known: KnownConversation | null
  readonly pair: Pair | null
}

/**
 * Finds the conversation of each message, and records the messages that have none. A conversation that an earlier run
 * imported stays the same one, even if the source has changed it. Missing direct conversations are created. `pairOf`
 * answers the two people of a message, null in a group.
 */
export async function address(
  on: Transaction,
  source: string,
  messages: readonly SourceMessage[],
  people: People,
  notes: Notes
) {
  const keys = messages.flatMap(({ conversation }) => conversation ?? [])
  const conversations = await knownConversations(on, source, keys)
  const knownOf = ({ conversation }: SourceMessage) => conversations.get(conversation ?? '') ?? null
  const isDirect = (message: SourceMessage) => message.pair !== null && !isGroup(knownOf(message))

  const found = messages.flatMap(from => find(from, knownOf(from), people, notes))
  const opened = await openMissing(on, found, notes)
  const addressed = found.map(({ from, senderId, known, pair }): Addressed => {
    const conversationId = known?.id ?? (pair === null ? null : (opened.get(pairKey(...pair)) ?? null))
    return { from, senderId, conversationId, isClosed: known !== null && !isGroup(known) && !isOf(known, pair) }
  })
  return {
    addressed,
    pairOf: (message: SourceMessage) => (isDirect(message) ? (message.pair?.join(' ') ?? null) : null)
  }
}

function find(from: SourceMessage, known: KnownConversation | null, people: People, notes: Notes): Found[] {
  const leaveOut = (reason: Parameters<Notes['leaveOut']>[1]) => {
    notes.leaveOut('messages', reason, from.key)
    return []
  }
  const problem = messageProblem(from)
  if (problem !== null) return leaveOut(problem)
  const idOf = (key: string | null) => (key === null ? null : (people.get(key)?.id ?? null))
  const senderId = idOf(from.sender)
  if (senderId === null) return leaveOut('unknown_person')
  if (from.pair === null || isGroup(known)) return [{ from, senderId, known, pair: null }]

  const [one, other] = from.pair.map(idOf)
  if (!one || !other) return leaveOut('unknown_person')
  return [{ from, senderId, known, pair: one <= other ? [one, other] : [other, one] }]
}

/** True also for a conversation that was deleted here. */
function isGroup(known: KnownConversation | null): boolean {
  return known !== null && known.low === null
}

function isOf({ low, high }: KnownConversation, pair: Pair | null): boolean {
  return pair !== null && pair[0] === low && pair[1] === high
}

/** Creates the missing direct conversations. Answers the id for each pair without a known conversation. */
async function openMissing(on: Transaction, found: readonly Found[], notes: Notes) {
  const directs = new Map<string, Omit<NewDirect, 'id'>>()
  for (const { from, senderId, known, pair } of found) {
    if (known !== null || pair === null || directs.has(pairKey(...pair))) continue
    const [low, high] = pair
    directs.set(pairKey(low, high), { low, high, createdBy: senderId, createdAt: from.createdAt, gone: null })
  }
  const fresh = await newConversationIds(on, directs.size)
  const wanted = [...directs.values()].flatMap((direct, place) => {
    const id = fresh[place]
    return id === undefined ? [] : [{ ...direct, id }]
  })
  const { ids, made, members } = await openDirects(on, wanted)
  notes.count('conversations', 'brought', made)
  notes.count('members', 'brought', members)
  return ids
}
