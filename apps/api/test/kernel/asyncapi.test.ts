import { Parser } from '@asyncapi/parser'
import { closeCodes, commandClasses, commands, events } from '@rendezvous/contract'
import t from 'tap'
import { ask, startApi } from '../app.ts'

interface Document {
  readonly info: { readonly description: string }
  readonly channels: {
    readonly chat: {
      readonly messages: object
      readonly bindings: { readonly ws: { readonly query: object; readonly headers: object } }
    }
  }
  readonly operations: Readonly<Record<string, { readonly action: string; readonly description?: string }>>
}

t.test('the AsyncAPI document', async t => {
  const { app } = await startApi(t)
  const { status, text } = await ask(app, 'GET', '/asyncapi.json')
  const document: Document = JSON.parse(text)

  t.test('is valid AsyncAPI 3, and readable without a token', async t => {
    t.equal(status, 200)
    const found = await new Parser().validate(text)
    t.same(
      found.filter(({ code }) => code !== 'asyncapi-latest-version'),
      []
    )
  })

  t.test('contains every event and every command', async t => {
    const ids = [...Object.values(commands), ...Object.values(events)].map(schema =>
      '$id' in schema ? schema.$id : ''
    )
    t.same(Object.keys(document.channels.chat.messages).sort(), ids.sort())
    for (const type of Object.keys(commands)) t.equal(document.operations[`receive_${type}`]?.action, 'receive', type)
    for (const type of Object.keys(events).filter(type => !['ack', 'error'].includes(type)))
      t.equal(document.operations[`send_${type}`]?.action, 'send', type)
  })

  t.test('describes how a socket is opened and every close code', async t => {
    t.match(document.channels.chat.bindings.ws, {
      query: { properties: { ticket: Object, token: Object } },
      headers: { properties: { authorization: Object, 'sec-websocket-protocol': { enum: ['rendezvous.v1'] } } }
    })
    for (const { code } of Object.values(closeCodes)) t.match(document.info.description, `| ${code} |`)
  })

  t.test('names the limit of each command', async t => {
    for (const [type, name] of Object.entries(commandClasses)) {
      const description = document.operations[`receive_${type}`]?.description ?? ''
      t.equal(description.includes('`'), name !== null, type)
      t.match(description, name === null ? '' : `\`${name}\``, type)
    }
  })

  t.test('is linked from the OpenAPI document', async t => {
    t.match(JSON.parse((await ask(app, 'GET', '/openapi.json')).text).info.description, '/asyncapi.json')
  })
})
