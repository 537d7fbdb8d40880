import { type Delivery, type EventsHeader, type Header, roomTopic, type Topic, userTopic } from '@rendezvous/cluster'
import { conversationStream, hasReceipts, type UserId } from '@rendezvous/contract'
import { frameOf, type Run, runs } from '../../announce/runs.ts'
import { changeEvent } from './events.ts'
import type { Change } from './port.ts'

/** The deliveries that announce `changes`: one envelope for each run of consecutive seqs of one conversation. For a
 *  direct conversation the first topic is that of the person who made the first change. */
export function changeDeliveries(changes: readonly Change[]): Delivery[] {
  const mayFollow = (change: Change, first: Change) => !changesMembers(change, first)
  return runs(changes, ({ conversationId }) => conversationId, mayFollow).map(run => ({
    topics: topicsOf(run[0]),
    envelope: { header: header(run), frames: run.map(change => frameOf(changeEvent(change))) }
  }))
}

/** A change of a group's members gets an envelope of its own. So a gateway knows which frames each member may hear. */
function changesMembers(...changes: readonly Change[]): boolean {
  return changes.some(change => change.memberIds === null && memberChange(change) !== null)
}

/** The people that the change adds or removes; null for a change that leaves the members as they are. */
function memberChange(change: Change): { readonly joined?: UserId[]; readonly left?: UserId[] } | null {
  if (change.type === 'conversation_created' || change.type === 'member_joined') return { joined: [...change.userIds] }
  if (change.type === 'member_left') return { left: [...change.userIds] }
  return null
}

function topicsOf(change: Change): Topic[] {
  if (change.memberIds !== null) return change.memberIds.map(userTopic)
  const people = memberChange(change)
  return [roomTopic(change.conversationId), ...(people?.joined ?? people?.left ?? []).map(userTopic)]
}

function header(run: Run<Change>): Header {
  const [{ conversationId, seq, memberIds }] = run
  return {
    kind: 'events',
    stream: conversationStream(conversationId),
    from: seq,
    to: run.at(-1)?.seq ?? seq,
    senders: run.map(change => (change.type === 'message_created' ? change.message.senderId : 0)),
    conversation: conversationId,
    ...(memberIds === null
      ? { members_seq: run.at(-1)?.membersSeq ?? seq, ...memberChange(run[0]), ...receiptsOf(run) }
      : {})
  }
}

/** `receipts: false` in the header tells gateways that a group is too large for receipts. */
function receiptsOf(run: Run<Change>): Pick<EventsHeader, 'receipts'> {
  const memberCount = run.at(-1)?.memberCount
  return memberCount === undefined || hasReceipts(memberCount) ? {} : { receipts: false }
}
