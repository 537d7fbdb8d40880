import fc from 'fast-check'
import type { HttpContract, Operation } from '../contract/answers.ts'
import { anyJson, recordOf, type Schema, type ValueSource, valuesOf } from './arbitrary.ts'
import { type Actor, type FuzzFixtures, inConversation } from './fixtures.ts'

/** One request, and what is expected of its answer. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly operation: Operation
  /** `signed-in`: a token whose session lasts; `maybe-ended`: one whose session may have ended; `nobody`: no valid
   *  token. */
  readonly caller: Caller
  /** Whether it violates the document's schemas of its parameters or its body. */
  readonly isBroken: boolean
}

type Caller = 'signed-in' | 'maybe-ended' | 'nobody'
type Headers = Readonly<Record<string, string>>
type Parts = Readonly<Record<string, unknown>>

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
/** Operations that end sessions. Separate users send them, whose tokens may stop working. */
const endsSessions = /logout|session|blacklist|token\/refresh/
const changesPassword = /change-password/
const namesSession = /\{sessionId\}/
/** Operations that end a membership or delete a message. They are mostly sent to disposable conversations. */
const destructive = /leave|remove|^DELETE .*(members\/\{userId\}|messages\/\{messageId\})\/$/
/** Operations that hash a password. They are sent rarely, because hashing is slow. */
const expensive = /auth\/login|api\/token\/$|register|change-password/
/** Its valid bodies are rare: a name or an address that nobody has, though neither is required. */
const rarelyValid = /^\/register\/$/

/** Requests to the operations of `contract`, with valid and invalid input and credentials. */
export function requestsOf(contract: HttpContract, fixtures: FuzzFixtures): fc.Arbitrary<Request> {
  const source: ValueSource = { resolve: schema => contract.resolved(schema) as Schema, known: fixtures.known }
  return fc.oneof(
    ...contract.operations.map(operation => ({
      weight: weightOf(operation),
      arbitrary: requestTo(operation, contract, source, fixtures)
    }))
  )
}

function weightOf({ path }: Operation): number {
  if (rarelyValid.test(path)) return 15
  return expensive.test(path) ? 1 : 5
}

function requestTo(
  operation: Operation,
  contract: HttpContract,
  source: ValueSource,
  fixtures: FuzzFixtures
): fc.Arbitrary<Request> {
  const parts = fc.record({
    path: pathOf(operation, source, fixtures),
    query: parametersOf(operation, 'query', source),
    body: bodyOf(operation, source),
    credentials: credentialsFor(operation, fixtures)
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

function parametersOf(operation: Operation, place: string, source: ValueSource): fc.Arbitrary<Parts> {
  const fields = operation.parameters.filter(parameter => parameter.in === place)
  const values = fields.map(({ name, schema }) => {
    const before = operation.path.split(`/{${name}}`)[0]?.split('/').at(-1)
    const known = place === 'path' ? source.known(`${before}/{${name}}`) : []
    const preferred = known.length > 0 ? [{ weight: 8, arbitrary: fc.constantFrom(...known) }] : []
    return [name, fc.oneof({ weight: 3, arbitrary: valuesOf(schema, source, name) }, ...preferred)] as const
  })
  const required = fields.filter(field => place === 'path' || field.required === true).map(({ name }) => name)
  const all = recordOf(Object.fromEntries(values), required)
  return place === 'path' ? all : fc.oneof({ weight: 20, arbitrary: all }, { weight: 1, arbitrary: fc.constant({}) })
}

/** Path parameters whose message is usually one of their conversation. */
function pathOf(operation: Operation, source: ValueSource, fixtures: FuzzFixtures): fc.Arbitrary<Parts> {
  const isDestructive = destructive.test(`${operation.method} ${operation.path}`)
  const path = parametersOf(operation, 'path', source)
  const elsewhere = fc.tuple(path, fc.constantFrom(...fixtures.disposable)).map(([parts, id]) => ({ ...parts, id }))
  const isInside = operation.path.includes('conversations/{id}/')
  return fc
    .oneof(
      { weight: isDestructive ? 1 : 9, arbitrary: path },
      { weight: isInside ? (isDestructive ? 19 : 1) : 0, arbitrary: elsewhere }
    )
    .chain(parts => inConversation(parts, fixtures, { conversation: 'id', message: 'messageId' }))
}

interface Body {
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | null
  /** Whether the body is malformed, or of a type that no route reads. */
  readonly isUnreadable: boolean
  /** The value of a JSON body. */
  readonly value?: unknown
}

const nothing: Body = { headers: {}, text: null, isUnreadable: false }

function bodyOf({ method, body }: Operation, source: ValueSource): fc.Arbitrary<Body> {
  if (['GET', 'HEAD'].includes(method)) return fc.constant(nothing)
  const schema = body?.content[JSON_TYPE]?.schema
  const value = schema === undefined ? anyJson : valuesOf(schema as Schema, source)
  const json = value.map(each => inJson(each))
  const broken = fc
    .constantFrom('{', '[1,]', '{"a":1', 'nul', '\u0000', '{"a":"\\x"}', '"', '{]')
    .map((text): Body => ({ headers: { 'content-type': JSON_TYPE }, text, isUnreadable: true }))
  const otherType = fc
    .constantFrom('text/plain', 'application/xml', 'image/png', 'json', 'application/json; charset=latin1')
    .map((type): Body => ({ headers: { 'content-type': type }, text: '{"a":1}', isUnreadable: true }))
  const form = value.map(inForm)
  return fc.oneof(
    { weight: 30, arbitrary: schema === undefined ? fc.constant(nothing) : json },
    { weight: 2, arbitrary: schema === undefined ? json : fc.constant(nothing) },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: otherType },
    { weight: body?.content[FORM_TYPE] === undefined ? 0 : 3, arbitrary: form }
  )
}

function inJson(value: unknown): Body {
  const text = JSON.stringify(value) ?? 'null'
  return { headers: { 'content-type': JSON_TYPE }, text, isUnreadable: false, value: JSON.parse(text) }
}

/** A form body. Its values are texts, so the schemas cannot tell whether it is valid. */
function inForm(value: unknown): Body {
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const text = new URLSearchParams(fields.map(([name, each]): [string, string] => [name, asText(each)])).toString()
  return { headers: { 'content-type': FORM_TYPE }, text, isUnreadable: false, value: undefined }
}

function credentialsFor({ path }: Operation, { actors, sessionEnders, passwordChangers, sessionOwner }: FuzzFixtures) {
  if (namesSession.test(path)) return credentialsOf([sessionOwner], 'maybe-ended')
  if (changesPassword.test(path)) return credentialsOf(passwordChangers, 'maybe-ended')
  return endsSessions.test(path) ? credentialsOf(sessionEnders, 'maybe-ended') : credentialsOf(actors, 'signed-in')
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

/** Whether the query or the body violates the document. Path parameters do not count: an invalid one is answered
 *  404. */
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

/** A path segment for `value`, never empty or dots, which would change the path, and at most 40 characters. */
function segment(value: unknown): string {
  const text = Buffer.from(asText(value).slice(0, 40)).toString()
  return /^\.{0,2}$/.test(text) ? '0' : text
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
