import { limits } from '@rendezvous/contract'
import fc from 'fast-check'
import { type Check, validator } from '../contract/validator.ts'
import { anyJson, type Schema, type ValueSource, valuesOf } from './arbitrary.ts'
import { type FuzzFixtures, inConversation } from './fixtures.ts'

/** What follows a frame: an answer, an answer that counts towards 4502, or the close of the socket. */
type Outcome = 'answered' | 'unreadable' | 'too-big'

/** One frame from a client, and the expected outcome. */
export interface ClientFrame {
  readonly data: string | Buffer
  readonly outcome: Outcome
  /** The `ref` that its answer must carry. */
  readonly ref: string | number | null
  /** Whether it violates the document's schema of its type, or has an unknown type. */
  readonly isBroken: boolean
}

/** The parts of a server's `/asyncapi.json` that the fuzz tests use. */
export interface SocketDocument {
  readonly operations: Readonly<Record<string, { readonly action: string; readonly messages: readonly Schema[] }>>
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly name: string; readonly payload: Schema }>>
    readonly schemas: Readonly<Record<string, Schema>>
  }
}

const DOCUMENT = 'asyncapi'
const fieldNames = { conversation: 'conversation_id', message: 'id' }

/** Frames generated from the commands of `document`, and malformed frames. Every `ref` is unique. */
export function framesOf(
  document: SocketDocument,
  fixtures: FuzzFixtures
): fc.Arbitrary<(place: number) => ClientFrame> {
  const commands = Object.values(document.operations)
    .filter(({ action }) => action === 'receive')
    .map(({ messages }) => document.components.messages[lastOf(messages[0]?.$ref)])
    .filter(message => message !== undefined)
  const source: ValueSource = {
    resolve: schema => (schema.$ref === undefined ? schema : (document.components.schemas[lastOf(schema.$ref)] ?? {})),
    known: fixtures.known
  }
  const compile = validator({ [DOCUMENT]: document })
  const checks = new Map(commands.map(({ name, payload }) => [name, compile(payload)]))
  const anyCommand = fc
    .oneof(...commands.map(({ payload }) => valuesOf(payload, source)))
    .chain(value => (isObject(value) ? inConversation(value, fixtures, fieldNames) : fc.constant(value)))

  return fc.oneof(
    { weight: 60, arbitrary: anyCommand.map(value => (place: number) => frameOf(withRef(value, place), checks)) },
    { weight: 3, arbitrary: anyCommand.map(value => () => frameOf(withoutRef(value), checks)) },
    { weight: 2, arbitrary: anyJson.map(type => (place: number) => frameOf({ type, ref: place }, checks)) },
    {
      weight: 2,
      arbitrary: fc.tuple(anyCommand, anyJson).map(
        ([value, ref]) =>
          () =>
            frameOf(withInvalidRef(value, ref), checks)
      )
    },
    {
      weight: 1,
      arbitrary: malformed.map(data => () => ({ data, outcome: outcomeOf(data), ref: null, isBroken: true }))
    }
  )
}

const malformed: fc.Arbitrary<string | Buffer> = fc.oneof(
  fc.constantFrom('', '{', 'null', '[]', '"ping"', '1', '{"type":"ping"', '\u0000', 'x'.repeat(limits.frameBytes + 1)),
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  fc.string({ maxLength: 50 })
)

function frameOf(value: unknown, checks: ReadonlyMap<unknown, Check>): ClientFrame {
  const data = JSON.stringify(value) ?? ''
  const sent = isObject(value) ? (JSON.parse(data) as Record<string, unknown>) : {}
  const check = checks.get(sent.type)
  return { data, outcome: outcomeOf(data), ref: refOf(sent.ref), isBroken: check === undefined || check(sent) !== null }
}

/** Adds a `ref`: a number at even places, a text at odd ones. */
function withRef(value: unknown, place: number): unknown {
  return isObject(value) ? { ...value, ref: place % 2 === 0 ? place : `f${place}` } : value
}

function withoutRef(value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'ref')) : value
}

/** Adds an invalid `ref`, which an answer cannot carry. */
function withInvalidRef(value: unknown, ref: unknown): unknown {
  return isObject(value) ? { ...value, ref: refOf(ref) === null ? ref : [ref] } : value
}

function refOf(ref: unknown): string | number | null {
  if (typeof ref === 'string') return ref.length <= limits.refCharacters ? ref : null
  return Number.isSafeInteger(ref) ? (ref as number) : null
}

function outcomeOf(data: string | Buffer): Outcome {
  if (Buffer.byteLength(data) > limits.frameBytes) return 'too-big'
  const value = typeof data === 'string' ? parsed(data) : null
  return isObject(value) && depthOf(value) <= limits.jsonDepth ? 'answered' : 'unreadable'
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function lastOf(reference = ''): string {
  return reference.split('/').at(-1) ?? ''
}
