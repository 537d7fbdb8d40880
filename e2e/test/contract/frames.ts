import * as contract from '@rendezvous/contract'
import { type Check, validator } from './validator.ts'

const DOCUMENT = 'contract'
const named = Object.values<unknown>(contract).filter(isNamed)
const compile = validator({ [DOCUMENT]: Object.fromEntries(named.map(schema => [schema.$id, plain(schema)])) })
const events = checks(contract.events)
const commands = checks(contract.commands)

/** Close codes of RFC 6455 that the contract allows: normal, going away, protocol errors, no code, abnormal. */
const protocolCodes = [1000, 1001, 1002, 1005, 1006, 1007]
const closeCodes = new Set([...protocolCodes, ...Object.values(contract.closeCodes).map(({ code }) => code)])

/** How a frame of a server violates the contract; null when it is an event of the contract. */
export function eventProblem(text: string): string | null {
  return frameProblem(text, events)
}

/** How a frame of a client violates the contract; null when it is a command of the contract. */
export function commandProblem(text: string): string | null {
  return frameProblem(text, commands)
}

/** A text for a close code that is not in the contract; null for one that is. */
export function closeProblem(code: number): string | null {
  return closeCodes.has(code) ? null : `the socket closed with ${code}, which is not in the contract`
}

function frameProblem(text: string, known: ReadonlyMap<unknown, Check>): string | null {
  const frame = parsed(text)
  const type = typeof frame === 'object' && frame !== null && 'type' in frame ? frame.type : undefined
  const check = known.get(type)
  if (check === undefined) return `a frame of unknown type: ${text.slice(0, 500)}`
  const wrong = check(frame)
  return wrong === null ? null : `a frame that violates its schema: ${wrong}: ${text.slice(0, 500)}`
}

function checks(schemas: Readonly<Record<string, object>>): ReadonlyMap<unknown, Check> {
  return new Map(Object.entries(schemas).map(([type, schema]) => [type, compile(plain(schema) as object)]))
}

function isNamed(value: unknown): value is { readonly $id: string } {
  return typeof value === 'object' && value !== null && '$id' in value && typeof value.$id === 'string'
}

/** `schema` without its `$id`s, and with references into {@link DOCUMENT}. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain)
  if (typeof schema !== 'object' || schema === null) return schema
  if ('$ref' in schema) return { $ref: `${DOCUMENT}#/${String(schema.$ref).replace(/#$/, '')}` }
  return Object.fromEntries(
    Object.entries(schema).flatMap(([name, value]) => (name === '$id' ? [] : [[name, plain(value)]]))
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
