import { type ConversationId, limits, type Seq, type UserId } from '@rendezvous/contract'
import type { BatchedBackend } from './batches.ts'

/** Who of some people is in a room. */
export interface Census {
  /** Of each whether he is in it, as of which change of its members. */
  readonly people: ReadonlyMap<UserId, { readonly asOf: Seq; readonly isIn: boolean }>
  /** All of it holds as of this change or a later one. */
  readonly from: Seq
  /** None of it as of a later one than this. */
  readonly until: Seq
  /** The last value of the room's stream. */
  readonly head: Seq
}

/** Asks about any number of people, one at least: in several questions where one does not hold them. @throws whatever the api's call rejects with. */
export async function takeCensus(
  backend: Pick<BatchedBackend, 'rooms'>,
  conversationId: ConversationId,
  userIds: readonly UserId[]
): Promise<Census> {
  const pages = pagesOf(userIds)
  const states = await Promise.all(pages.map(page => backend.rooms({ conversationId, userIds: page })))
  const people = states.flatMap(({ membersSeq, memberIds }, index) => {
    const present = new Set(memberIds)
    return (pages[index] ?? []).map(userId => [userId, { asOf: membersSeq, isIn: present.has(userId) }] as const)
  })
  const changes = states.map(({ membersSeq }) => membersSeq)
  return {
    people: new Map(people),
    from: Math.min(...changes) as Seq,
    until: Math.max(...changes) as Seq,
    head: Math.max(...states.map(({ headSeq }) => headSeq)) as Seq
  }
}

/** As many as one question may hold. */
function pagesOf(userIds: readonly UserId[]): UserId[][] {
  const pages: UserId[][] = []
  for (let from = 0; from < userIds.length; from += limits.roomQuestion)
    pages.push(userIds.slice(from, from + limits.roomQuestion))
  return pages
}
