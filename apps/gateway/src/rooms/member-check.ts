import { type ConversationId, limits, type Seq, type UserId } from '@rendezvous/contract'
import type { BatchedBackend } from '../backend/batches.ts'

/** The api's answer to the question which of some users are members of a room. */
export interface MemberCheck {
  /** For each user: whether they are a member, as of the change of members `asOf`. */
  readonly users: ReadonlyMap<UserId, { readonly asOf: Seq; readonly isMember: boolean }>
  /** The lowest `asOf`. */
  readonly lowestSeq: Seq
  /** The highest `asOf`. */
  readonly highestSeq: Seq
  /** The last `seq` of the room's stream. */
  readonly headSeq: Seq
}

/** Asks which of `userIds` (at least one) are members. More than `limits.roomQuestion` users take several questions,
 *  which the api may answer as of different changes.
 *  @throws whatever the api's call rejects with. */
export async function checkMembers(
  backend: Pick<BatchedBackend, 'rooms'>,
  conversationId: ConversationId,
  userIds: readonly UserId[]
): Promise<MemberCheck> {
  const pages = pagesOf(userIds)
  const states = await Promise.all(pages.map(page => backend.rooms({ conversationId, userIds: page })))
  const users = states.flatMap(({ membersSeq, memberIds }, index) => {
    const members = new Set(memberIds)
    return (pages[index] ?? []).map(userId => [userId, { asOf: membersSeq, isMember: members.has(userId) }] as const)
  })
  const changes = states.map(({ membersSeq }) => membersSeq)
  return {
    users: new Map(users),
    lowestSeq: Math.min(...changes) as Seq,
    highestSeq: Math.max(...changes) as Seq,
    headSeq: Math.max(...states.map(({ headSeq }) => headSeq)) as Seq
  }
}

/** Splits `userIds` into pages that each fit into one question. */
function pagesOf(userIds: readonly UserId[]): UserId[][] {
  const pages: UserId[][] = []
  for (let from = 0; from < userIds.length; from += limits.roomQuestion)
    pages.push(userIds.slice(from, from + limits.roomQuestion))
  return pages
}
