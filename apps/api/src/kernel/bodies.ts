import { isUtf8 } from 'node:buffer'
import { ApiError, limits } from '@rendezvous/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { FormBody } from './form.ts'
import { readMultipart } from './multipart.ts'
import { unsupportedMediaType } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True on paths of the replaced backends: bodies are read as Django REST framework reads them, forms included. */
    lenient?: boolean
  }
}

const ENCODED = 'Unsupported content encoding in request.'

/** Parses the bodies of `app`'s routes: JSON everywhere, forms on lenient routes. An empty body is `{}` whatever its type.
 *  So is any body but multipart on a lenient route without a body schema. A Django view that does not use
 *  `request.data` ignores the body too. */
export function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addHook('preParsing', (request, _reply, payload, done) => {
    done(isEncoded(request) ? new ApiError('unsupported_media_type', { detail: ENCODED }) : null, payload)
  })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    readJson(request, body)
  )
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => readUrlencoded(request, body)
  )
  app.addContentTypeParser('multipart/form-data', async (request: FastifyRequest, body: FastifyRequest['raw']) => {
    if (request.headers['content-length'] === '0') return {}
    if (!request.routeOptions.config.lenient) throw refusal(request)
    return readMultipart(body, request.headers)
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length > 0 && usesBody(request)) throw refusal(request)
    return {}
  })
}

/** The value of a JSON text.
 *  @throws ApiError `parse_error` for text that is not JSON, or is nested deeper than the limit. */
function parseJson(text: string): unknown {
  if (nestedDeeperThan(text, limits.jsonDepth)) {
    throw new ApiError('parse_error', {
      detail: `JSON parse error - nested deeper than ${limits.jsonDepth} levels`
    })
  }
  const parsed = attempt(text)
  if (parsed !== null) return parsed.value
  throw new ApiError('parse_error', { detail: 'JSON parse error - the body is not well-formed JSON' })
}

/** Null instead of an error: its message would repeat parts of the body. */
function attempt(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return null
  }
}

/** Whether the route uses the body. Strict routes always refuse a body that cannot be read. */
function usesBody({ routeOptions: { config, schema } }: FastifyRequest): boolean {
  return !config.lenient || schema?.body !== undefined
}

function readJson(request: FastifyRequest, body: Buffer): unknown {
  if (!usesBody(request)) return {}
  refuseCharset(request)
  if (body.length === 0) return {}
  if (!isUtf8(body)) throw new ApiError('parse_error', { detail: 'JSON parse error - the body is not UTF-8' })
  return parseJson(body.toString())
}

function readUrlencoded(request: FastifyRequest, body: Buffer): unknown {
  if (body.length === 0) return {}
  if (!request.routeOptions.config.lenient) throw refusal(request)
  if (!usesBody(request)) return {}

  refuseCharset(request)
  const form = new FormBody()
  for (const [name, value] of new URLSearchParams(body.toString())) form.add(name, value)
  return form
}

function refusal(request: FastifyRequest): ApiError {
  return unsupportedMediaType(request.headers['content-type'])
}

function isEncoded({ headers }: FastifyRequest): boolean {
  const encoding = headers['content-encoding']
  return encoding !== undefined && encoding.trim().toLowerCase() !== 'identity'
}

function refuseCharset(request: FastifyRequest): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1]
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw refusal(request)
}

const [QUOTE, BACKSLASH, BRACKET, BRACKET_END, BRACE, BRACE_END] = Buffer.from('"\\[]{}')

/** Counts brackets outside of strings, so that a deep text reaches neither recursion nor the parser's stack. */
function nestedDeeperThan(text: string, levels: number): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (quoted && character === BACKSLASH) at++
    else if (character === QUOTE) quoted = !quoted
    else if (!quoted && (character === BRACE || character === BRACKET)) depth++
    else if (!quoted && (character === BRACE_END || character === BRACKET_END)) depth--
    if (depth > levels) return true
  }
  return false
}
