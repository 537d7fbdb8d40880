import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import { ask, startApi } from '../app.ts'

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly security?: object
  readonly tags?: readonly string[]
  readonly responses?: Readonly<Record<string, { content?: Record<string, { schema?: object }> }>>
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Record<string, Operation>>>
  readonly info: { readonly description: string }
  readonly components: {
    readonly schemas: object
    readonly securitySchemes: { readonly bearer: { readonly description: string } }
  }
}

t.test('the OpenAPI document', async t => {
  const routes: { readonly name: string; readonly method: 'GET'; readonly url: string; readonly hidden: boolean }[] = []
  const { app } = await startApi(t, {
    onRoute({ url, method, schema }) {
      for (const each of [method].flat())
        routes.push({ name: `${each} ${url}`, method: each as 'GET', url, hidden: schema?.hide ?? false })
    }
  })
  const { text, headers } = await ask(app, 'GET', '/openapi.json')
  const document: Document = JSON.parse(text)
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation }))
  )

  t.test('is valid OpenAPI 3.1', async t => {
    const { valid, errors } = await new Validator().validate(JSON.parse(text))
    t.same(errors, undefined)
    t.ok(valid)
    t.equal(document.openapi, '3.1.0')
    t.match(headers['content-type'], 'application/json')
  })

  t.test('describes every operation, with a schema for every answer', async t => {
    t.ok(operations.length > 20)
    for (const { name, operation } of operations) {
      t.ok(operation.summary, `${name} has a summary`)
      t.ok(operation.tags?.length, `${name} has a tag`)
      const answers = Object.entries(operation.responses ?? {}).filter(([status]) => status !== '204')
      const schemas = answers.map(([, { content }]) => Object.values(content ?? {})[0]?.schema)
      t.ok(schemas.length > 0 && schemas.every(schema => schema !== undefined), `${name} has its schemas`)
    }
  })

  t.test('gives every operation a unique name', async t => {
    const names = operations.map(({ operation }) => operation.operationId ?? '')
    t.same(
      names.filter(name => !/^[a-z][A-Za-z]+$/.test(name)),
      []
    )
    t.equal(new Set(names).size, names.length)
    t.equal(document.paths['/api/v1/conversations/{id}/messages/']?.post?.operationId, 'sendMessage')
    t.equal(document.paths['/api/v1/conversations/{id}/leave/']?.post?.operationId, 'leaveConversationByPost')
  })

  t.test('contains every route except the documentation and those that answer 405', async t => {
    const described = new Set(operations.map(({ name }) => name.toLowerCase()))
    for (const { name, method, url, hidden } of routes) {
      if (/^\/($|docs|openapi|asyncapi)/.test(url) || ['HEAD', 'OPTIONS'].includes(method)) continue
      if (hidden) t.equal((await ask(app, method, url)).status, 405, name)
      else t.ok(described.has(name.replaceAll(/:(\w+)/g, '{$1}').toLowerCase()), name)
    }
  })

  t.test('marks the operations that need a token', async t => {
    t.same(document.paths['/api/v1/auth/profile/']?.get?.security, [{ bearer: [] }])
    t.equal(document.paths['/auth/login/']?.post?.security, undefined)
  })

  t.test('refers to the schemas of the contract', async t => {
    const answer = document.paths['/messages/send/']?.post?.responses?.['201']?.content?.['application/json']?.schema
    t.same(answer, { $ref: '#/components/schemas/SentDirectMessage' })
    t.ok('SentDirectMessage' in document.components.schemas)
  })

  t.test('says where a token comes from', async t => {
    t.match(document.info.description, /token comes from[\s\S]*POST \/api\/token\/[\s\S]*Authorize/)
    t.match(document.components.securitySchemes.bearer.description, 'POST /api/token/')
  })

  t.test('is where the root of the server leads, by GET and HEAD', async t => {
    for (const method of ['GET', 'HEAD'] as const)
      t.match(await ask(app, method, '/'), { status: 302, headers: { location: '/docs' }, text: '' })
    t.match(await ask(app, 'POST', '/'), { status: 405, headers: { allow: 'GET, HEAD, OPTIONS' } })
    t.match(await ask(app, 'OPTIONS', '/'), { status: 200, body: { name: '/' } })
    t.match(await ask(app, 'GET', '/?next=https://elsewhere.example'), { status: 302, headers: { location: '/docs' } })
  })

  t.test('has a page whose assets are served by the node', async t => {
    const page = await ask(app, 'GET', '/docs')
    t.equal(page.status, 200)
    t.match(page.text, '<title>Rendezvous</title>')
    for (const [, asset] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      t.notMatch(asset, /^https?:/)
      t.equal((await ask(app, 'GET', asset ?? '')).status, 200, asset ?? '')
    }
  })
})
