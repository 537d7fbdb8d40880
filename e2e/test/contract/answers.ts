import { type Check, validator } from './validator.ts'

type Media = Readonly<Record<string, { readonly schema?: object }>>
interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: object
}

/** One method of one path, as `/openapi.json` describes it. */
export interface Operation {
  readonly method: string
  readonly path: string
  readonly isProtected: boolean
  readonly parameters: readonly Parameter[]
  readonly body: { readonly required: boolean; readonly content: Media } | null
  readonly responses: Readonly<Record<string, { readonly content?: Media }>>
}

interface Described {
  readonly security?: readonly object[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Media }
  readonly responses: Readonly<Record<string, { readonly content?: Media }>>
}

/** `/openapi.json` of a server. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

/** The parts of an answer that the contract covers. */
export interface Answer {
  readonly method: string
  /** With or without its query. */
  readonly path: string
  readonly status: number
  readonly type: string
  readonly text: string
}

/** What `/openapi.json` of one server promises. */
export interface HttpContract {
  readonly operations: readonly Operation[]
  /** How `answer` violates the document; null when it does not. */
  problem(answer: Answer): string | null
  /** The check for a schema of the document. */
  check(schema: object): Check
  /** The schema itself, or the one that it refers to. */
  resolved(schema: object): Readonly<Record<string, unknown>>
}

const DOCUMENT = 'openapi'
/** Statuses that a server may answer without a route. */
const ANYWHERE = [400, 404, 405, 408, 415, 429, 431, 503]
/** Statuses for any route, because the request was not read completely. */
const UNREAD = [408, 431]
/** Statuses of a CORS preflight. */
const PREFLIGHT = [204, ...ANYWHERE]
const BODILESS = [204, 304]

/** The contract in `document`. */
export function httpContract(document: Document): HttpContract {
  const operations = operationsOf(document)
  const routes = operations.map(operation => ({ operation, matches: matcher(operation.path) }))
  const compile = validator({ [DOCUMENT]: document })
  const checks = new Map<object, Check>()

  function check(schema: object): Check {
    const known = checks.get(schema) ?? compile(inDocument(schema) as object)
    checks.set(schema, known)
    return known
  }

  function operationOf({ method, path }: Answer): Operation | undefined {
    const plain = path.split('?', 1)[0] ?? ''
    const found = routes.filter(({ operation, matches }) => operation.method === method && matches(plain))
    return found.sort((a, b) => parameterCount(a.operation.path) - parameterCount(b.operation.path))[0]?.operation
  }

  function problem(answer: Answer): string | null {
    const { status, text, type } = answer
    const operation = operationOf(answer)
    const response = operation?.responses[status]
    const undescribed = answer.method === 'OPTIONS' ? PREFLIGHT : ANYWHERE
    const allowed = operation === undefined ? undescribed : UNREAD
    if (response === undefined && !allowed.includes(status))
      return operation === undefined ? 'is answered, but is no path of the document' : `answers ${status} undeclared`
    if (answer.method === 'HEAD' || BODILESS.includes(status)) return text === '' ? null : 'has a body'

    const media = response?.content ?? {
      'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } }
    }
    const schema = media[type.split(';', 1)[0] ?? '']?.schema
    if (schema === undefined) return `answers ${status} with the undeclared type "${type}"`
    const wrong = check(schema)(JSON.parse(text))
    return wrong === null ? null : `answers ${status} with a body that violates its schema: ${wrong}`
  }

  return {
    operations,
    problem(answer) {
      const wrong = problem(answer)
      return wrong === null ? null : `${answer.method} ${answer.path} ${wrong}\n${answer.text.slice(0, 1_000)}`
    },
    check,
    resolved: schema =>
      '$ref' in schema
        ? (document.components.schemas[String(schema.$ref).split('/').at(-1) ?? ''] as never)
        : { ...schema }
  }
}

function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      method: method.toUpperCase(),
      path,
      isProtected: described.security !== undefined,
      parameters: described.parameters ?? [],
      body:
        described.requestBody === undefined
          ? null
          : { required: described.requestBody.required ?? false, content: described.requestBody.content },
      responses: described.responses
    }))
  )
}

/** `schema` with its references made absolute, so that they work outside the document. */
function inDocument(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(inDocument)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === '$ref' && typeof value === 'string' ? `${DOCUMENT}${value}` : inDocument(value)
    ])
  )
}

/** Matches a path with or without a trailing slash, because servers ignore it. */
function matcher(path: string): (given: string) => boolean {
  const pattern = path
    .replace(/\/$/, '')
    .replaceAll('.', '\\.')
    .replaceAll(/\{[^}]+\}/g, '[^/]+')
  const regex = new RegExp(`^${pattern}/?$`)
  return given => regex.test(given)
}

function parameterCount(path: string): number {
  return path.split('{').length
}
