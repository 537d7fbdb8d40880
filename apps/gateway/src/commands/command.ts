import { randomUUID } from 'node:crypto'
import {
  ApiError,
  type BackendCommand,
  type Command,
  CommandRef,
  commands,
  type FieldErrors,
  invalid,
  limits,
  storageProblem,
  textProblem
} from '@rendezvous/contract'
import { Compile } from 'typebox/compile'
import type { ClientFrame } from './client-frame.ts'
import { fieldErrors } from './field-error.ts'

/** A valid command, or the error to answer its client. */
export type Reading =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly ref: CommandRef | null; readonly error: ApiError }

const reference = Compile(CommandRef)
const validators = {
  send_message: Compile(commands.send_message),
  edit_message: Compile(commands.edit_message),
  delete_message: Compile(commands.delete_message),
  add_reaction: Compile(commands.add_reaction),
  remove_reaction: Compile(commands.remove_reaction),
  mark_read: Compile(commands.mark_read),
  mark_delivered: Compile(commands.mark_delivered),
  message_read: Compile(commands.message_read),
  read_ack: Compile(commands.read_ack),
  typing: Compile(commands.typing),
  sync: Compile(commands.sync),
  ping: Compile(commands.ping)
} satisfies Record<keyof typeof commands, unknown>

/** Validates the shape of a command. The api decides whether the user may do it. */
export function readCommand(frame: ClientFrame): Reading {
  const { type, ref } = frame
  const refuse = (error: ApiError): Reading => ({ ok: false, ref: reference.Check(ref) ? ref : null, error })
  if (!isCommandType(type)) return refuse(new ApiError('unknown_command'))

  const validator = validators[type]
  const problems = {
    ...(validator.Check(frame) ? {} : fieldErrors(frame, validator.Errors(frame))),
    ...textProblems(frame),
    ...(type === 'send_message' || type === 'typing' ? targetProblems(frame) : {})
  }
  if (Object.keys(problems).length > 0) return refuse(invalid(problems))
  return { ok: true, command: frame as Command } // checked by its validator above
}

/** The command for the api. A `send_message` without a `client_id` gets one, so that the call may be repeated. */
export function repeatable(command: Exclude<Command, { type: 'ping' }>): BackendCommand {
  if (command.type !== 'send_message') return command
  return { ...command, client_id: command.client_id ?? randomUUID() }
}

function isCommandType(type: unknown): type is keyof typeof commands {
  return typeof type === 'string' && Object.hasOwn(commands, type)
}

/** Checks texts for what schemas cannot express. */
function textProblems({ type, ref, ...fields }: ClientFrame): FieldErrors {
  const problems = Object.entries(fields).flatMap(([name, value]): [string, string[]][] => {
    if (typeof value !== 'string') return []
    const problem = name === 'content' ? textProblem(value, limits.messageCharacters) : storageProblem(value)
    return problem === null ? [] : [[name, [problem]]]
  })
  return Object.fromEntries(problems)
}

function targetProblems({ conversation_id, to }: ClientFrame): FieldErrors {
  const one = (conversation_id === undefined) !== (to === undefined)
  return one ? {} : { non_field_errors: ['Exactly one of conversation_id and to is required.'] }
}
