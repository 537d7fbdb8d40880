import { type ChatStore, chatSocket, chatStore, httpTransport } from '@rendezvous/client'
import { type ConversationId, conversationStream, type UserId, userStream } from '@rendezvous/contract'
import t from 'tap'
import { startNodes } from './cluster.ts'
import { CheckedSocket } from './contract/checked.ts'
import { newPerson, type Person, signIn } from './person.ts'

const nodes = await startNodes(t)
const [apiOne, apiTwo] = nodes.apis
const [gatewayOne, gatewayTwo] = nodes.gateways

/** A client of `person` at the second gateway, with a store of their conversations. */
async function client(person: Person) {
  const url = `${gatewayTwo.replace('http', 'ws')}/ws/chat?ticket=${await person.http.ticket()}`
  const raw = new CheckedSocket(url, ['rendezvous.v1'])
  const store = chatStore({
    userId: person.id as UserId,
    transport: httpTransport(person.http),
    after(ms, run) {
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    }
  })
  t.teardown(store.stop)
  raw.addEventListener('message', ({ data }) => store.receive(JSON.parse(String(data))))
  const socket = chatSocket(raw)
  await socket.next('presence_snapshot')
  await socket.next('ready')
  await store.settled()

  /** The streams with a resync since the gateway recovered from the interruption. */
  async function resynced(): Promise<(string | null)[]> {
    await socket.next('presence_snapshot')
    await socket.command({ type: 'ping' })
    const streams = socket.pending.flatMap(event => (event.type === 'resync' ? [event.stream] : []))
    await store.settled()
    return streams.sort()
  }
  return { socket, store, resynced }
}

/** The position and the last message of each conversation in the store. */
function state({ conversations }: ChatStore) {
  return [...conversations]
    .sort(([a], [b]) => a - b)
    .map(([id, { position, last }]) => [id, position, last?.content ?? null])
}

/** The same state in a new store, fetched from the server. */
async function serverState(person: Person) {
  const fresh = chatStore({ userId: person.id as UserId, transport: httpTransport(person.http), after: () => () => {} })
  fresh.receive({ type: 'resync', stream: null, v: 1, at: new Date().toISOString() })
  await fresh.settled()
  return state(fresh)
}

t.test(
  'after an interruption a client that missed events is told which streams to resync, and no other client is',
  async t => {
    const [ann, eve] = [await newPerson(apiOne, gatewayOne), await newPerson(apiOne, gatewayOne)]
    const [bob, carl, dora] = [await newPerson(apiTwo), await newPerson(apiTwo), await newPerson(apiTwo)]
    const [atBob, atCarl, atDora] = [await client(bob), await client(carl), await client(dora)]
    const { id: direct } = await ann.http.openConversation(bob.id)
    const { id: quiet } = await ann.http.openConversation(carl.id)
    for (const id of [direct, quiet]) await ann.http.send(id, 'received')
    for (const { socket } of [atBob, atCarl]) await socket.next('message_created')

    nodes.wire.faults.disconnect('gateway-1')
    await ann.http.send(direct, 'lost')
    const { id: unknown } = await eve.http.openConversation(bob.id)
    const members = { participants: [bob.id], title: 'Club', is_group: true }
    const { id: club } = await eve.http.request<{ id: ConversationId }>('POST', '/api/v1/conversations/', members)
    await eve.http.send(club, 'lost too')
    await signIn(dora.name, apiTwo)
    nodes.wire.faults.reconnect('gateway-1')

    t.same(await atBob.resynced(), [direct, unknown, club].map(id => conversationStream(id as ConversationId)).sort())
    t.same(await atCarl.resynced(), [])
    t.same(await atDora.resynced(), [userStream(dora.id as UserId)])
    for (const [person, { store }] of [
      [bob, atBob],
      [carl, atCarl],
      [dora, atDora]
    ] as const)
      t.same(state(store), await serverState(person))

    await eve.http.send(club, 'received again')
    t.match(await atBob.socket.next('message_created', ({ content }) => content === 'received again'), {
      conversation_id: club
    })
  }
)
