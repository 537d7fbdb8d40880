import { limits } from '@rendezvous/contract'
import fc from 'fast-check'
import { type Check, validator } from '../contract/validator.ts'
import { type Ground, junk, type Schema, valuesOf } from './arbitrary.ts'
import { type Cast, inConversation } from './people.ts'

/** What a frame comes to: an answer, an answer and a step towards 4502, or the end of the socket. */
type Fate = 'answered' | 'unreadable' | 'too-big'

/** One frame from a client, and what may be expected of its answer. */
export interface ClientFrame {
  readonly data: string | Buffer
  readonly fate: Fate
  /** The `ref` that its answer must carry. */
  readonly ref: string | number | null
  /** Whether it breaks the schema that the document has for its type, or has no such type. */
  readonly isBroken: boolean
}

/** `/asyncapi.json` of a server, as far as the fuzz reads it. */
export interface SocketDocument {
  readonly operations: Readonly<Record<string, { readonly action: string; readonly messages: readonly Schema[] }>>
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly name: string; readonly payload: Schema }>>
    readonly schemas: Readonly<Record<string, Schema>>
  }
}

const DOCUMENT = 'asyncapi'
const names = { conversation: 'conversation_id', message: 'id' }

/** Frames made of the commands in `document`, and frames that are none. Every `ref` is another. */
export function framesOf(document: SocketDocument, cast: Cast): fc.Arbitrary<(place: number) => ClientFrame> {
  const commands = Object.values(document.operations)
    .filter(({ action }) => action === 'receive')
    .map(({ messages }) => document.components.messages[lastOf(messages[0]?.$ref)])
    .filter(message => message !== undefined)
  const ground: Ground = {
    resolve: schema => (schema.$ref === undefined ? schema : (document.components.schemas[lastOf(schema.$ref)] ?? {})),
    known: cast.known
  }
  const compile = validator({ [DOCUMENT]: document })
  const checks = new Map(commands.map(({ name, payload }) => [name, compile(payload)]))
  const anyCommand = fc
    .oneof(...commands.map(({ payload }) => valuesOf(payload, ground)))
    .chain(value => (isObject(value) ? inConversation(value, cast, names) : fc.constant(value)))

  return fc.oneof(
    { weight: 60, arbitrary: anyCommand.map(value => (place: number) => frameOf(named(value, place), checks)) },
    { weight: 3, arbitrary: anyCommand.map(value => () => frameOf(nameless(value), checks)) },
    { weight: 2, arbitrary: junk.map(type => (place: number) => frameOf({ type, ref: place }, checks)) },
    {
      weight: 2,
      arbitrary: fc.tuple(anyCommand, junk).map(
        ([value, ref]) =>
          () =>
            frameOf(refused(value, ref), checks)
      )
    },
    { weight: 1, arbitrary: noise.map(data => () => ({ data, fate: fateOf(data), ref: null, isBroken: true })) }
  )
}

const noise: fc.Arbitrary<string | Buffer> = fc.oneof(
  fc.constantFrom('', '{', 'null', '[]', '"ping"', '1', '{"type":"ping"', '\u0000', 'x'.repeat(limits.frameBytes + 1)),
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  fc.string({ maxLength: 50 })
)

function frameOf(value: unknown, checks: ReadonlyMap<unknown, Check>): ClientFrame {
  const data = JSON.stringify(value) ?? ''
  const sent = isObject(value) ? (JSON.parse(data) as Record<string, unknown>) : {}
  const check = checks.get(sent.type)
  return { data, fate: fateOf(data), ref: refOf(sent.ref), isBroken: check === undefined || check(sent) !== null }
}

/** Half of the names are texts, half numbers. */
function named(value: unknown, place: number): unknown {
  return isObject(value) ? { ...value, ref: place % 2 === 0 ? place : `f${place}` } : value
}

function nameless(value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'ref')) : value
}

/** With a `ref` that is none, whose answer cannot carry it. */
function refused(value: unknown, ref: unknown): unknown {
  return isObject(value) ? { ...value, ref: refOf(ref) === null ? ref : [ref] } : value
}

function refOf(ref: unknown): string | number | null {
  if (typeof ref === 'string') return ref.length <= limits.refCharacters ? ref : null
  return Number.isSafeInteger(ref) ? (ref as number) : null
}

function fateOf(data: string | Buffer): Fate {
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
