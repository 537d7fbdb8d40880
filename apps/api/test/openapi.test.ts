import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import { ask, startApi } from './app.ts'

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
  readonly components: { readonly schemas: object }
}

t.test('the document', async t => {
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

  t.test('gives every operation a name of its own', async t => {
    const names = operations.map(({ operation }) => operation.operationId ?? '')
    t.same(
      names.filter(name => !/^[a-z][A-Za-z]+$/.test(name)),
      []
    )
    t.equal(new Set(names).size, names.length)
    t.equal(document.paths['/api/v1/conversations/{id}/messages/']?.post?.operationId, 'sendMessage')
    t.equal(document.paths['/api/v1/conversations/{id}/leave/']?.post?.operationId, 'leaveConversationByPost')
  })

  t.test('leaves out nothing but itself, and what is answered with 405', async t => {
    const described = new Set(operations.map(({ name }) => name.toLowerCase()))
    for (const { name, method, url, hidden } of routes) {
      if (/^\/(docs|openapi|asyncapi)/.test(url) || ['HEAD', 'OPTIONS'].includes(method)) continue
      if (hidden) t.equal((await ask(app, method, url)).status, 405, name)
      else t.ok(described.has(name.replaceAll(/:(\w+)/g, '{$1}').toLowerCase()), name)
    }
  })

  t.test('says which operations need a token', async t => {
    t.same(document.paths['/api/v1/auth/profile/']?.get?.security, [{ bearer: [] }])
    t.equal(document.paths['/auth/login/']?.post?.security, undefined)
  })

  t.test('names the schemas of the contract', async t => {
    const answer = document.paths['/messages/send/']?.post?.responses?.['201']?.content?.['application/json']?.schema
    t.same(answer, { $ref: '#/components/schemas/SentMessage' })
    t.ok('SentMessage' in document.components.schemas)
  })

  t.test('has a page to read it, whose assets are served here', async t => {
    const page = await ask(app, 'GET', '/docs')
    t.equal(page.status, 200)
    for (const [, asset] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      t.notMatch(asset, /^https?:/)
      t.equal((await ask(app, 'GET', asset ?? '')).status, 200, asset ?? '')
    }
  })
})
