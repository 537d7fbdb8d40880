import { type CommandClass, closeCodes, commandClasses, commands, events } from '@rendezvous/contract'
import type { TSchema } from 'typebox'
import { schemaNamed } from './schemas.ts'

/** An AsyncAPI document, or a part of one. */
type Json = Readonly<Record<string, unknown>>

const CHANNEL = '#/channels/chat'
const description = `Events, commands and their answers on the one socket. HTTP is in \`/openapi.json\`, everything in docs/protocol.md.

**Limits.** A command above its limit is answered by an \`error\` with \`throttled\` and \`retry_after_ms\`.

**Close codes.** 4000 to 4499: reconnect and resume; 4500 to 4999: stop. Frames that break RFC 6455 close with its own codes.

${closeTable()}`

/** The AsyncAPI 3 description of the socket. It is made from the contract, so it contains every event and command. */
export function socketDocument(): Json {
  const named = new Map<string, Json>()
  const messages = Object.fromEntries(
    [...Object.entries(commands), ...Object.entries(events)].map(([type, schema]) => [
      idOf(schema),
      message(type, schema, named)
    ])
  )
  return {
    asyncapi: '3.0.0',
    info: { title: 'Rendezvous', version: '1', description },
    defaultContentType: 'application/json',
    servers: {
      here: {
        host: '{host}',
        protocol: 'ws',
        description: '`wss` where the host has TLS',
        variables: { host: { default: '127.0.0.1:8000', description: 'Host and port that the HTTP API is called at' } },
        security: ['bearer', 'ticket', 'token'].map(name => reference(`#/components/securitySchemes/${name}`))
      }
    },
    channels: { chat: { ...channel, messages: members(messages, '#/components/messages') } },
    operations: operations(),
    components: { securitySchemes, messages, schemas: Object.fromEntries(named) }
  }
}

const dialects =
  'Offer `rendezvous.v1` for our dialect; without it the dialect is `legacy`, that of the first backend. Events are the same bytes in both. In `legacy` a message counts as delivered when it was written to the socket; in `rendezvous.v1` when the client reports it with `mark_delivered`.'

const channel: Json = {
  address: '/ws/chat',
  title: 'The socket',
  description: `Authenticated before the upgrade, by one of the three security schemes. ${dialects}`,
  bindings: {
    ws: {
      bindingVersion: '0.1.0',
      method: 'GET',
      query: {
        type: 'object',
        properties: {
          ticket: {
            type: 'string',
            description: 'From `POST /api/v1/realtime/ticket/`: opens one socket, within 30 seconds'
          },
          token: { type: 'string', description: 'An access token, where the server allows it in an address' }
        }
      },
      headers: {
        type: 'object',
        properties: {
          authorization: { type: 'string', description: '`Bearer <access token>`' },
          origin: {
            type: 'string',
            description: 'Sent by browsers; an origin that is not allowed is answered with 403'
          },
          'sec-websocket-protocol': { type: 'string', enum: ['rendezvous.v1'], description: dialects }
        }
      }
    }
  }
}

const securitySchemes: Json = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  ticket: { type: 'httpApiKey', in: 'query', name: 'ticket' },
  token: { type: 'httpApiKey', in: 'query', name: 'token' }
}

/** The operations of the server: it receives and answers each command, and sends each event. */
function operations(): Json {
  const { ack, error, ...pushed } = events
  const answers = [inChannel(ack), inChannel(error)]
  const reply = { channel: reference(CHANNEL), messages: answers }
  const types = Object.keys(commands) as (keyof typeof commands)[]
  const received = types.map(type => [
    `receive_${type}`,
    {
      ...{ action: 'receive', ...countedIn(commandClasses[type]) },
      ...{ channel: reference(CHANNEL), messages: [inChannel(commands[type])], reply }
    }
  ])
  const sent = Object.entries(pushed).map(([type, schema]) => [
    `send_${type}`,
    { action: 'send', channel: reference(CHANNEL), messages: [inChannel(schema)] }
  ])
  return Object.fromEntries([...received, ...sent])
}

function countedIn(name: CommandClass | null): Json {
  return name === null
    ? {}
    : { description: `Counts in the limit \`${name}\`, together with the same request over HTTP.` }
}

function inChannel(schema: object): Json {
  return reference(`${CHANNEL}/messages/${idOf(schema)}`)
}

function idOf(schema: object): string {
  if (!('$id' in schema)) throw new TypeError('give the schema of the event or command an $id')
  return String(schema.$id)
}

function message(type: string, schema: TSchema, named: Map<string, Json>): Json {
  const payload = plain(schema, named) as Json
  const summary = 'description' in schema ? { summary: String(schema.description) } : {}
  return { name: type, ...summary, payload }
}

/** `schema` as plain JSON whose references point into the document. The schemas they name are added to `named`. */
function plain(schema: unknown, named: Map<string, Json>): unknown {
  if (Array.isArray(schema)) return schema.map(each => plain(each, named))
  if (typeof schema !== 'object' || schema === null) return schema
  if ('$ref' in schema && typeof schema.$ref === 'string') return reference(place(schema.$ref, named))
  return Object.fromEntries(
    Object.entries(schema).flatMap(([name, value]) => (name === '$id' ? [] : [[name, plain(value, named)]]))
  )
}

function place(ref: string, named: Map<string, Json>): string {
  const name = ref.replace(/#$/, '')
  if (!named.has(name)) {
    named.set(name, {}) // ends the recursion for a schema that refers to itself
    named.set(name, plain(schemaNamed(ref), named) as Json)
  }
  return `#/components/schemas/${name}`
}

function members(parts: Json, folder: string): Json {
  return Object.fromEntries(Object.keys(parts).map(name => [name, reference(`${folder}/${name}`)]))
}

function reference(to: string): Json {
  return { $ref: to }
}

function closeTable(): string {
  const rows = Object.values(closeCodes).map(
    ({ code, reason, description: meaning }) => `| ${code} | ${reason} | ${meaning} |`
  )
  return ['| code | reason | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}
