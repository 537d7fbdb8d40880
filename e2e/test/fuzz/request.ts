import fc from 'fast-check'
import type { HttpContract, Operation } from '../contract/answers.ts'
import { type Ground, junk, recordOf, type Schema, valuesOf } from './arbitrary.ts'
import { type Actor, type Cast, inConversation } from './people.ts'

/** One request, and what may be expected of its answer. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly operation: Operation
  /** `signed-in` with the token of a session that goes on, `mortal` with one that may have ended, `nobody` with none that is good. */
  readonly caller: Caller
  /** Whether it breaks the schemas that the document has for its parameters or its body. */
  readonly isBroken: boolean
}

type Caller = 'signed-in' | 'mortal' | 'nobody'
type Headers = Readonly<Record<string, string>>
type Parts = Readonly<Record<string, unknown>>

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
/** What ends sessions is done by people who have no other part. */
const deadly = /logout|session|blacklist|token\/refresh/
const renewing = /change-password/
const choosy = /\{sessionId\}/
/** What ends a membership or a message is most often done where nothing else is. */
const destructive = /leave|remove|^DELETE .*(members\/\{userId\}|messages\/\{messageId\})\/$/
/** Each costs a password's hash: many of them would be a test of hashing. */
const dear = /auth\/login|api\/token\/$|register|change-password/

/** Requests to the operations of `contract`, as members of `cast` would send them, and as nobody should. */
export function requestsOf(contract: HttpContract, cast: Cast): fc.Arbitrary<Request> {
  const ground: Ground = { resolve: schema => contract.resolved(schema) as Schema, known: cast.known }
  return fc.oneof(
    ...contract.operations.map(operation => ({
      weight: dear.test(operation.path) ? 1 : 5,
      arbitrary: requestTo(operation, contract, ground, cast)
    }))
  )
}

function requestTo(operation: Operation, contract: HttpContract, ground: Ground, cast: Cast): fc.Arbitrary<Request> {
  const parts = fc.record({
    path: pathOf(operation, ground, cast),
    query: parametersOf(operation, 'query', ground),
    body: bodyOf(operation, ground),
    credentials: credentialsFor(operation, cast)
  })
  return parts.map(({ path, query, body, credentials }) => ({
    method: operation.method,
    path: addressOf(operation.path, path, query),
    headers: { ...body.headers, ...credentials.headers },
    body: body.text,
    operation,
    caller: credentials.caller,
    isBroken: (body.isUnreadable && operation.body !== null) || breaks(operation, contract, query, body)
  }))
}

function parametersOf(operation: Operation, place: string, ground: Ground): fc.Arbitrary<Parts> {
  const fields = operation.parameters.filter(parameter => parameter.in === place)
  const values = fields.map(({ name, schema }) => {
    const before = operation.path.split(`/{${name}}`)[0]?.split('/').at(-1)
    const known = place === 'path' ? ground.known(`${before}/{${name}}`) : []
    const meant = known.length > 0 ? [{ weight: 8, arbitrary: fc.constantFrom(...known) }] : []
    return [name, fc.oneof({ weight: 3, arbitrary: valuesOf(schema, ground, name) }, ...meant)] as const
  })
  const required = fields.filter(field => place === 'path' || field.required === true).map(({ name }) => name)
  const all = recordOf(Object.fromEntries(values), required)
  return place === 'path' ? all : fc.oneof({ weight: 20, arbitrary: all }, { weight: 1, arbitrary: fc.constant({}) })
}

/** Most messages that are asked for are in the conversation that is asked for. */
function pathOf(operation: Operation, ground: Ground, cast: Cast): fc.Arbitrary<Parts> {
  const isDestructive = destructive.test(`${operation.method} ${operation.path}`)
  const path = parametersOf(operation, 'path', ground)
  const elsewhere = fc.tuple(path, fc.constantFrom(...cast.doomed)).map(([parts, id]) => ({ ...parts, id }))
  const isInside = operation.path.includes('conversations/{id}/')
  return fc
    .oneof(
      { weight: isDestructive ? 1 : 9, arbitrary: path },
      { weight: isInside ? (isDestructive ? 19 : 1) : 0, arbitrary: elsewhere }
    )
    .chain(parts => inConversation(parts, cast, { conversation: 'id', message: 'messageId' }))
}

interface Body {
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | null
  /** Whether it is no value at all, or of a type that nobody reads. */
  readonly isUnreadable: boolean
  /** The value, when it went as JSON. */
  readonly value?: unknown
}

const nothing: Body = { headers: {}, text: null, isUnreadable: false }

function bodyOf({ method, body }: Operation, ground: Ground): fc.Arbitrary<Body> {
  if (['GET', 'HEAD'].includes(method)) return fc.constant(nothing)
  const schema = body?.content[JSON_TYPE]?.schema
  const value = schema === undefined ? junk : valuesOf(schema as Schema, ground)
  const json = value.map(each => inJson(each))
  const broken = fc
    .constantFrom('{', '[1,]', '{"a":1', 'nul', '\u0000', '{"a":"\\x"}', '"', '{]')
    .map((text): Body => ({ headers: { 'content-type': JSON_TYPE }, text, isUnreadable: true }))
  const alien = fc
    .constantFrom('text/plain', 'application/xml', 'image/png', 'json', 'application/json; charset=latin1')
    .map((type): Body => ({ headers: { 'content-type': type }, text: '{"a":1}', isUnreadable: true }))
  const form = value.map(inForm)
  return fc.oneof(
    { weight: 30, arbitrary: schema === undefined ? fc.constant(nothing) : json },
    { weight: 2, arbitrary: schema === undefined ? json : fc.constant(nothing) },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: alien },
    { weight: body?.content[FORM_TYPE] === undefined ? 0 : 3, arbitrary: form }
  )
}

function inJson(value: unknown): Body {
  const text = JSON.stringify(value) ?? 'null'
  return { headers: { 'content-type': JSON_TYPE }, text, isUnreadable: false, value: JSON.parse(text) }
}

/** Forms have no types: what they come to is for the server to say. */
function inForm(value: unknown): Body {
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const text = new URLSearchParams(fields.map(([name, each]): [string, string] => [name, asText(each)])).toString()
  return { headers: { 'content-type': FORM_TYPE }, text, isUnreadable: false, value: undefined }
}

function credentialsFor({ path }: Operation, { actors, mortals, changers, keeper }: Cast) {
  if (choosy.test(path)) return credentialsOf([keeper], 'mortal')
  if (renewing.test(path)) return credentialsOf(changers, 'mortal')
  return deadly.test(path) ? credentialsOf(mortals, 'mortal') : credentialsOf(actors, 'signed-in')
}

function credentialsOf(actors: readonly Actor[], caller: Caller) {
  const actor = fc.constantFrom(...actors)
  const good = actor.map(({ access }) => ({ headers: bearer(access), caller }))
  const bad = actor
    .chain(({ access, refresh }) => fc.constantFrom(...notCredentials(access, refresh)))
    .map(headers => ({ headers, caller: 'nobody' as const }))
  return fc.oneof({ weight: 8, arbitrary: good }, { weight: 1, arbitrary: bad })
}

function notCredentials(access: string, refresh: string): Headers[] {
  const tokens = [`${access.slice(0, -3)}abc`, refresh, '', 'null', `${access} ${access}`, access.toLowerCase()]
  const others = [`Token ${access}`, access, 'Basic YTpi'].map(authorization => ({ authorization }))
  return [{}, ...tokens.map(bearer), ...others]
}

function bearer(token: string): Headers {
  return { authorization: `Bearer ${token}` }
}

/** Path parameters that are broken name nothing, which is an answer of its own. */
function breaks(operation: Operation, contract: HttpContract, query: Parts, body: Body): boolean {
  const inQuery = operation.parameters.filter(parameter => parameter.in === 'query')
  const isWrong = inQuery.some(({ name, schema, required = false }) => {
    const given = query[name]
    if (given === undefined) return required
    const check = contract.check(schema)
    const text = asText(given)
    return check(text) !== null && check(Number(text)) !== null
  })
  if (isWrong) return true

  const schema = operation.body?.content[JSON_TYPE]?.schema
  if (schema === undefined || body.headers['content-type'] === FORM_TYPE) return false
  if (body.text === null) return operation.body?.required ?? false
  return contract.check(schema)(body.value) !== null
}

function addressOf(template: string, path: Parts, query: Parts): string {
  const filled = template.replaceAll(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(segment(path[name])))
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, asText(value)])
  ).toString()
  return search === '' ? filled : `${filled}?${search}`
}

/** Never empty nor a dot, which would be another path, and no longer than a path's parameter is looked at. */
function segment(value: unknown): string {
  const text = Buffer.from(asText(value).slice(0, 40)).toString()
  return /^\.{0,2}$/.test(text) ? '0' : text
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
