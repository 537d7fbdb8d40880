import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { ApiError } from '@rendezvous/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** A file that is served: its media type, and its bytes in each coding, made when they are first asked for. */
interface Asset {
  readonly type: string
  readonly plain: Promise<Buffer>
  /** A digest of `plain`. */
  readonly tag: Promise<string>
  in(coding: Coding): Promise<Buffer>
}

/** What `/docs` shows. */
interface DocsPage {
  readonly title: string
  /** The documents that are served, as text, by path. The page shows the first. */
  readonly documents: Readonly<Record<string, () => string>>
}

const codings = ['br', 'gzip'] as const
type Coding = (typeof codings)[number]

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png'
}
const require = createRequire(import.meta.url)
/** The folder of Swagger UI, whose files are served on a page of our own. */
const SWAGGER_UI = dirname(require.resolve('@fastify/swagger-ui'))
const bundled = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'] as const

/** The page runs scripts of this server alone, calls only this server, and cannot be framed. Swagger UI sets styles
 *  inline. */
const protection = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; '),
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer'
}
const FOREVER = 'public, max-age=31536000, immutable'

/** Serves the page `/docs` with its files, and the documents. Everything is compressed once. The files' addresses hold
 *  a digest of their contents, so browsers keep them. */
export async function serveDocs(app: FastifyInstance, { title, documents }: DocsPage): Promise<void> {
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(protection)
    done()
  })
  const [shown = ''] = Object.keys(documents)
  const files: ReadonlyMap<string, Asset> = new Map([
    ...bundled.map(name => [name, asset(typeOf(name), bundledFile(name))] as const),
    ['page.css', asset(typeOf('page.css'), () => PAGE_CSS)],
    ['page.js', asset(typeOf('page.js'), () => pageScript(shown))]
  ])
  const version = await versionOf(shown)
  const address = (name: string) => `/docs/static/${name}?v=${version}`
  const page = asset('text/html; charset=utf-8', () => pageHtml(title, address))

  app.get('/docs', (request, reply) => send(page, request, reply, 'no-cache'))
  app.get<{ Params: { name: string } }>('/docs/static/:name', (request, reply) => {
    const file = files.get(request.params.name)
    if (file === undefined) throw new ApiError('not_found')
    return send(file, request, reply, FOREVER)
  })
  for (const [path, text] of Object.entries(documents)) {
    const document = asset('application/json; charset=utf-8', text)
    app.get(path, (request, reply) => send(document, request, reply, 'no-cache'))
  }
}

async function send(file: Asset, request: FastifyRequest, reply: FastifyReply, caching: string): Promise<FastifyReply> {
  const coding = codingOf(request.headers['accept-encoding'] ?? '')
  const tag = `"${await file.tag}${coding === null ? '' : `-${coding}`}"`
  void reply.headers({ 'cache-control': caching, vary: 'accept-encoding', etag: tag })
  if (request.headers['if-none-match'] === tag) return reply.code(304).send()
  if (coding !== null) void reply.header('content-encoding', coding)
  return reply.type(file.type).send(await (coding === null ? file.plain : file.in(coding)))
}

/** The first coding that the client accepts; null for none. */
function codingOf(accepted: string): Coding | null {
  const names = accepted.split(',').map(each => each.trim().toLowerCase())
  const refused = /;\s*q=0(\.0*)?$/
  return codings.find(coding => names.some(name => name.split(/\s*;/)[0] === coding && !refused.test(name))) ?? null
}

function asset(type: string, read: () => Promise<Buffer> | string): Asset {
  const plain = once(async () => Buffer.from(await read()))
  const made = {
    br: once(async () => brotli(await plain())),
    gzip: once(async () => promisify(gzip)(await plain(), { level: 9 }))
  }
  const tag = once(async () => digest(await plain()))
  return {
    type,
    get plain() {
      return plain()
    },
    get tag() {
      return tag()
    },
    in: coding => made[coding]()
  }
}

/** Quality 9 takes a tenth of the time of 11, for 5% more bytes. */
function brotli(bytes: Buffer): Promise<Buffer> {
  return promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
}

/** Calls `make` at the first use, and again after a failure. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch(error => {
      made = undefined
      throw error
    })
    return made
  }
}

function bundledFile(name: string): () => Promise<Buffer> {
  return () => readFile(join(SWAGGER_UI, 'static', name))
}

/** Changes with the release of Swagger UI and with our own files. */
async function versionOf(shown: string): Promise<string> {
  const release = await readFile(join(SWAGGER_UI, 'package.json'))
  return digest(release + PAGE_CSS + pageScript(shown))
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url').slice(0, 16)
}

function typeOf(name: string): string {
  return types[extname(name)] ?? 'application/octet-stream'
}

const PAGE_CSS = `html { box-sizing: border-box; overflow-y: scroll }
*, *:before, *:after { box-sizing: inherit }
body { margin: 0; background: #fafafa }
header { background: #1b1b1b; color: #fff; font: bold 24px sans-serif; padding: 12px 20px }
`

function pageScript(shown: string): string {
  const options = JSON.stringify({ url: shown, dom_id: '#docs', deepLinking: true, validatorUrl: null })
  return `SwaggerUIBundle({ ...${options}, presets: [SwaggerUIBundle.presets.apis] })\n`
}

function pageHtml(title: string, address: (name: string) => string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="${address('swagger-ui.css')}">
<link rel="stylesheet" href="${address('page.css')}">
<link rel="icon" type="image/png" href="${address('favicon-32x32.png')}">
</head>
<body>
<header>${title}</header>
<div id="docs"></div>
<script src="${address('swagger-ui-bundle.js')}"></script>
<script src="${address('page.js')}"></script>
</body>
</html>
`
}
