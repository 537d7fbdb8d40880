import { randomUUID } from 'node:crypto'
import {
  ApiError,
  type BackendCommand,
  type Command,
  CommandRef,
  commands,
  type FieldErrors,
  fieldText,
  invalid,
  limits,
  storageProblem,
  textProblem
} from '@rendezvous/contract'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
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

/** What this file uses of a compiled schema. */
interface Validator {
  Check(value: unknown): boolean
  Errors(value: unknown): TLocalizedValidationError[]
}

/** The lists of a command: most items of each, and the validator of one item. */
type Lists = Readonly<Record<string, { readonly most: number; readonly item: Validator }>>

const bounds = Object.fromEntries(
  Object.entries(commands).map(([type, { properties }]) => [type, listsOf(properties)])
) as Readonly<Record<keyof typeof commands, Lists>>

/** @throws TypeError for a list without a bound. */
function listsOf(properties: Readonly<Record<string, TSchema>>): Lists {
  const lists = Object.entries(properties).flatMap(([name, schema]): [string, Lists[string]][] => {
    if (!('items' in schema)) return []
    if (!('maxItems' in schema)) throw new TypeError(`the list ${name} has no bound`)
    return [[name, { most: Number(schema.maxItems), item: Compile(schema.items as TSchema) }]]
  })
  return Object.fromEntries(lists)
}

/** Validates the shape of a command. The api decides whether the user may do it. */
export function readCommand(frame: ClientFrame): Reading {
  const { type, ref } = frame
  const refuse = (error: ApiError): Reading => ({ ok: false, ref: reference.Check(ref) ? ref : null, error })
  if (!isCommandType(type)) return refuse(new ApiError('unknown_command'))

  const oversized = sizeProblems(frame, bounds[type])
  if (Object.keys(oversized).length > 0) return refuse(invalid(oversized))

  const problems = {
    ...shapeProblems(type, frame),
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

/** Checks the numbers of members and items, so that the validators below look at few. */
function sizeProblems(frame: ClientFrame, lists: Lists): FieldErrors {
  const many = { non_field_errors: [`Send at most ${limits.frameMembers} fields.`] }
  if (Object.keys(frame).length > limits.frameMembers) return many

  const problems = Object.entries(lists).flatMap(([name, { most }]): [string, string[]][] => {
    const list = frame[name]
    if (!Array.isArray(list)) return []
    if (list.length > most) return [[name, [fieldText('max_items', { max: most })]]]
    return list.some(hasManyMembers) ? [[name, many.non_field_errors]] : []
  })
  return Object.fromEntries(problems)
}

function hasManyMembers(item: unknown): boolean {
  return typeof item === 'object' && item !== null && Object.keys(item).length > limits.frameMembers
}

/** The errors of the frame. A list is represented by its first invalid item: TypeBox looks at each item for its errors,
 *  and takes a thousand times as long for them as for a valid frame. */
function shapeProblems(type: keyof typeof commands, frame: ClientFrame): FieldErrors {
  const validator: Validator = validators[type]
  if (validator.Check(frame)) return {}

  const sample: Record<string, unknown> = { ...frame }
  for (const [name, { item }] of Object.entries(bounds[type])) {
    const list = frame[name]
    if (Array.isArray(list)) sample[name] = list.filter(each => !item.Check(each)).slice(0, 1)
  }
  const problems = fieldErrors(sample, validator.Errors(sample))
  return Object.keys(problems).length > 0 ? problems : { non_field_errors: [fieldText('invalid')] }
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
