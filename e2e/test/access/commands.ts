import type { ChatSocket } from '@rendezvous/client'
import type { commands } from '@rendezvous/contract'
import type { Known, Scene } from './world.ts'

type Command = Parameters<ChatSocket['command']>[0]

/** What a command is answered whom: `ack`, or the code of an error. */
export interface CommandPolicy {
  command(scene: Scene): Command
  readonly expected: Readonly<Record<Known, string>>
}

type Five = readonly [owner: string, admin: string, member: string, outsider: string, blocked: string]

function only([owner, admin, member, outsider, blocked]: Five, command: CommandPolicy['command']): CommandPolicy {
  return { command, expected: { owner, admin, member, outsider, blocked } }
}

const FORBIDDEN = 'permission_denied'
const ABSENT = 'not_found'
const MEMBERS: Five = ['ack', 'ack', 'ack', ABSENT, ABSENT]

/** The one table of who may command what. */
export const commandPolicies: Readonly<Partial<Record<keyof typeof commands, CommandPolicy>>> = {
  send_message: only(MEMBERS, ({ conversation }) =>
    said({ type: 'send_message', conversation_id: conversation, content: 'said' })
  ),
  edit_message: only(['ack', FORBIDDEN, FORBIDDEN, ABSENT, ABSENT], scene =>
    said({ type: 'edit_message', ...message(scene), content: 'edited' })
  ),
  delete_message: only(['ack', 'ack', FORBIDDEN, ABSENT, ABSENT], scene =>
    said({ type: 'delete_message', ...message(scene), id: scene.memberMessage })
  ),
  add_reaction: only(MEMBERS, scene => said({ type: 'add_reaction', ...message(scene), emoji: ':party:' })),
  remove_reaction: only(MEMBERS, scene => said({ type: 'remove_reaction', ...message(scene), emoji: ':party:' })),
  mark_read: only(MEMBERS, ({ conversation, seq }) => said({ type: 'mark_read', conversation_id: conversation, seq })),
  mark_delivered: only(MEMBERS, ({ conversation, seq }) =>
    said({ type: 'mark_delivered', conversation_id: conversation, seq })
  ),
  message_read: only(MEMBERS, ({ message: id }) => said({ type: 'message_read', id })),
  read_ack: only(MEMBERS, ({ message: id }) => said({ type: 'read_ack', id })),
  typing: only(MEMBERS, ({ conversation }) => said({ type: 'typing', conversation_id: conversation, is_typing: true })),
  sync: only(['ack', 'ack', 'ack', 'ack', 'ack'], ({ conversation }) =>
    said({ type: 'sync', ...behind(conversation) })
  ),
  ping: only(['ack', 'ack', 'ack', 'ack', 'ack'], () => said({ type: 'ping' }))
}

function message({ conversation, message: id }: Scene) {
  return { conversation_id: conversation, id }
}

/** Everything, and a stream that is not everybody's. */
function behind(conversation: number) {
  return { since: null, ranges: [{ stream: `conversation:${conversation}`, after: 0 }] }
}

/** Ids of scenes are plain numbers. */
function said(command: object): Command {
  return command as Command
}
