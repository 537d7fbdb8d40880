import type { ChatSocket } from '@rendezvous/client'
import type { commands } from '@rendezvous/contract'
import type { SignedInRole, Target } from './fixtures.ts'

type Command = Parameters<ChatSocket['command']>[0]

/** A command, and its answer for each role: `ack` or the code of an error. */
export interface CommandPolicy {
  command(target: Target): Command
  readonly expected: Readonly<Record<SignedInRole, string>>
}

type ByRole = readonly [owner: string, admin: string, member: string, outsider: string, blocked: string]

function only([owner, admin, member, outsider, blocked]: ByRole, command: CommandPolicy['command']): CommandPolicy {
  return { command, expected: { owner, admin, member, outsider, blocked } }
}

const FORBIDDEN = 'permission_denied'
const ABSENT = 'not_found'
const MEMBERS: ByRole = ['ack', 'ack', 'ack', ABSENT, ABSENT]

/** The policy of every command. */
export const commandPolicies: Readonly<Partial<Record<keyof typeof commands, CommandPolicy>>> = {
  send_message: only(MEMBERS, ({ conversation }) =>
    asCommand({ type: 'send_message', conversation_id: conversation, content: 'hello' })
  ),
  edit_message: only(['ack', FORBIDDEN, FORBIDDEN, ABSENT, ABSENT], target =>
    asCommand({ type: 'edit_message', ...message(target), content: 'edited' })
  ),
  delete_message: only(['ack', 'ack', FORBIDDEN, ABSENT, ABSENT], target =>
    asCommand({ type: 'delete_message', ...message(target), id: target.memberMessage })
  ),
  add_reaction: only(MEMBERS, target => asCommand({ type: 'add_reaction', ...message(target), emoji: ':party:' })),
  remove_reaction: only(MEMBERS, target =>
    asCommand({ type: 'remove_reaction', ...message(target), emoji: ':party:' })
  ),
  mark_read: only(MEMBERS, ({ conversation, seq }) =>
    asCommand({ type: 'mark_read', conversation_id: conversation, seq })
  ),
  mark_delivered: only(MEMBERS, ({ conversation, seq }) =>
    asCommand({ type: 'mark_delivered', conversation_id: conversation, seq })
  ),
  message_read: only(MEMBERS, ({ message: id }) => asCommand({ type: 'message_read', id })),
  read_ack: only(MEMBERS, ({ message: id }) => asCommand({ type: 'read_ack', id })),
  typing: only(MEMBERS, ({ conversation }) =>
    asCommand({ type: 'typing', conversation_id: conversation, is_typing: true })
  ),
  sync: only(['ack', 'ack', 'ack', 'ack', 'ack'], ({ conversation }) =>
    asCommand({ type: 'sync', ...syncFrom(conversation) })
  ),
  ping: only(['ack', 'ack', 'ack', 'ack', 'ack'], () => asCommand({ type: 'ping' }))
}

function message({ conversation, message: id }: Target) {
  return { conversation_id: conversation, id }
}

/** Asks for all streams, and for one that only members may read. */
function syncFrom(conversation: number) {
  return { since: null, ranges: [{ stream: `conversation:${conversation}`, after: 0 }] }
}

/** Brands the ids, which are plain numbers in a target. */
function asCommand(command: object): Command {
  return command as Command
}
