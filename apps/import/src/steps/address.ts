import type { Transaction } from '@rendezvous/api'
import type { ConversationId, UserId } from '@rendezvous/contract'
import type { Notes } from '../report.ts'
import type { SourceMessage } from '../source/messages.ts'
import { type NewDirect, newConversationIds, openDirects, pairKey } from '../target/conversations.ts'
import { type KnownConversation, knownConversations } from '../target/imported.ts'
import type { People } from './members.ts'
import { messageProblem } from './message.ts'

type Pair = readonly [low: UserId, high: UserId]

/** A message whose sender is here, and where it belongs. */
export interface Addressed {
  readonly from: SourceMessage
  readonly senderId: UserId
  /** Null when it is not here. */
  readonly conversationId: ConversationId | null
  /** The conversation came as a direct one and is between others by now: nothing is added to it. */
  readonly isClosed: boolean
}

/** One that is still to be given its conversation: the one it is known to be in, or else that of a pair. */
interface Found {
  readonly from: SourceMessage
  readonly senderId: UserId
  readonly known: KnownConversation | null
  readonly pair: Pair | null
}

/**
 * Finds where messages belong, and notes those that belong nowhere. What came as one conversation stays that one, whatever it is in the source by
 * now; direct conversations that are missing are made. `pairOf` names the two that a message is between, null in a group.
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
  if (one === other) return leaveOut('to_oneself')
  return [{ from, senderId, known, pair: one < other ? [one, other] : [other, one] }]
}

/** Also one that is gone from here. */
function isGroup(known: KnownConversation | null): boolean {
  return known !== null && known.low === null
}

function isOf({ low, high }: KnownConversation, pair: Pair | null): boolean {
  return pair !== null && pair[0] === low && pair[1] === high
}

/** Makes the direct conversations that are missing, and answers those of all pairs that nothing else is known of. */
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
  const { ids, made } = await openDirects(on, wanted)
  notes.count('conversations', 'brought', made.size)
  notes.count('members', 'brought', 2 * made.size)
  return ids
}
