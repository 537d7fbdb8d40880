import { randomUUID } from 'node:crypto'
import type { Session, TokenPair } from '@rendezvous/contract'
import t from 'tap'
import { startNodes } from './cluster.ts'
import { checkedFetch } from './contract/checked.ts'
import { newPerson, PASSWORD, type Person, signIn } from './person.ts'

const nodes = await startNodes(t)
const [apiOne, apiTwo] = nodes.apis
const [gatewayOne, gatewayTwo] = nodes.gateways
const SESSIONS = '/api/v1/auth/sessions/'

/** Two devices of one user, on different nodes. */
async function devices() {
  const phone = await newPerson(apiOne, gatewayOne)
  return { phone, laptop: await signIn(phone.name, apiTwo, gatewayTwo) }
}

function list({ http }: Person): Promise<Session[]> {
  return http.request('GET', SESSIONS)
}

async function currentOf(person: Person): Promise<string> {
  return (await list(person)).find(({ current }) => current)?.id ?? ''
}

function refresh({ http }: Person, token: string): Promise<TokenPair> {
  return http.request('POST', '/api/token/refresh/', { refresh: token })
}

t.test('a user can list their sessions, the last used first, page by page', async t => {
  const { phone, laptop } = await devices()

  const sessions = await list(phone)

  t.same(
    sessions.map(({ id, current }) => [id, current]),
    [
      [await currentOf(laptop), false],
      [await currentOf(phone), true]
    ]
  )
  t.match(sessions, [{ ip: '127.0.0.1', user_agent: /./ }, {}])
  const { next } = await phone.http.request<{ next: string }>('GET', `${SESSIONS}?page_size=1`)
  const rest = await phone.http.request<{ next: null; results: Session[] }>('GET', next.slice(apiOne.length))
  t.match(rest, { next: null, results: [{ id: sessions[1]?.id }] })
})

t.test('the other devices of a user are told of a new login', async t => {
  const { phone } = await devices()
  const socket = await phone.connect()

  const laptop = await signIn(phone.name, apiTwo)

  const session_id = await currentOf(laptop)
  t.match(await socket.next('session_started'), { session_id, stream: `user:${phone.id}`, ip: '127.0.0.1' })
})

t.test('a session ended from another device loses its socket and its tokens on every node', async t => {
  const { phone, laptop } = await devices()
  const [atPhone, atLaptop] = [await phone.connectV1(), await laptop.connectV1()]
  const lost = await signIn(phone.name, apiTwo, gatewayOne)
  const atLost = await lost.connect()
  const session_id = await currentOf(lost)

  await phone.http.request('DELETE', `${SESSIONS}${session_id}/`)

  t.equal((await atLost.closed).code, 4501)
  const told = { session_id, reason: 'revoked', stream: `user:${phone.id}` }
  for (const socket of [atPhone, atLaptop]) t.match(await socket.next('session_ended'), told)
  const authorization = `Bearer ${lost.http.access}`
  t.equal((await checkedFetch(`${apiOne}/api/v1/auth/profile/`, { headers: { authorization } })).status, 401)
  await t.rejects(lost.http.refresh(), { code: 'token_not_valid' })
  t.notOk((await list(laptop)).some(({ id }) => id === session_id))
})

t.test('a session that ended while its api node could not reach the bus still closes its sockets', async t => {
  const { phone, laptop } = await devices()
  const atLaptop = await laptop.connect()
  const session_id = await currentOf(laptop)

  nodes.wire.faults.disconnect('api-0')
  await phone.http.request('DELETE', `${SESSIONS}${session_id}/`)
  nodes.wire.faults.reconnect('api-0')
  await nodes.sweep()

  t.match(await atLaptop.next('session_ended'), { session_id, reason: 'revoked' })
  t.equal((await atLaptop.closed).code, 4501)
})

t.test('ending the session of another user, an ended one or an unknown one answers 404', async t => {
  const { phone, laptop } = await devices()
  const stranger = await newPerson(apiTwo)
  const session = await currentOf(laptop)
  const absent = { code: 'not_found' }

  await t.rejects(stranger.http.request('DELETE', `${SESSIONS}${session}/`), absent)
  await laptop.http.request('DELETE', `${SESSIONS}${session}/`)
  for (const id of [session, randomUUID(), 'x'])
    await t.rejects(phone.http.request('DELETE', `${SESSIONS}${id}/`), absent)
})

t.test('a user can end all sessions except the current one', async t => {
  const { phone, laptop } = await devices()
  const [atPhone, atLaptop] = [await phone.connect(), await laptop.connect()]
  const another = await signIn(phone.name, apiOne, gatewayTwo)
  const atAnother = await another.connect()
  const others = new Set([await currentOf(laptop), await currentOf(another)])

  await phone.http.request('DELETE', SESSIONS)

  for (const socket of [atLaptop, atAnother]) t.equal((await socket.closed).code, 4501)
  const told = [await atPhone.next('session_ended'), await atPhone.next('session_ended')]
  t.same(new Set(told.map(({ session_id }) => session_id)), others)
  t.same([told[0]?.reason, (told[1]?.seq ?? 0) - (told[0]?.seq ?? 0)], ['revoked', 1])
  t.match(await list(phone), [{ current: true }])
})

t.test('a reused refresh token ends its session, and the other devices are told', async t => {
  const { phone, laptop } = await devices()
  const stolen = await laptop.http.login(phone.name, PASSWORD)
  const session_id = await currentOf(laptop)
  const [atPhone, atLaptop] = [await phone.connectV1(), await laptop.connectV1()]
  const successor = await refresh(phone, stolen.refresh)
  await refresh(phone, successor.refresh)

  await t.rejects(refresh(phone, stolen.refresh), { code: 'token_not_valid' })

  t.match(await atPhone.next('session_ended'), { session_id, reason: 'token_reused' })
  t.equal((await atLaptop.closed).code, 4501)
  await t.rejects(refresh(phone, successor.refresh), { code: 'token_not_valid' })
})

t.test('a session ends when its copied refresh token was used before the original', async t => {
  const { phone, laptop } = await devices()
  const { refresh: copied } = await laptop.http.login(phone.name, PASSWORD)
  const session_id = await currentOf(laptop)
  const atPhone = await phone.connectV1()
  const [copy, original] = [await refresh(phone, copied), await refresh(phone, copied)]
  await refresh(phone, copy.refresh)

  await t.rejects(refresh(phone, original.refresh), { code: 'token_not_valid' })

  t.match(await atPhone.next('session_ended'), { session_id, reason: 'token_reused' })
  await t.rejects(refresh(phone, copy.refresh), { code: 'token_not_valid' })
})

t.test('a session end that was not published is published by the sweep, with its own seq', async t => {
  const { phone, laptop } = await devices()
  const [atPhone, atLaptop] = [await phone.connectV1(), await laptop.connectV1()]
  const session_id = await currentOf(laptop)

  await nodes.partitioned(() => phone.http.request('DELETE', `${SESSIONS}${session_id}/`))
  await atPhone.next('resync')
  t.equal((await atLaptop.closed).code, 4501, 'an interrupted gateway checks its sessions')
  await nodes.sweep()

  t.match(await atPhone.next('session_ended'), { session_id, reason: 'revoked', seq: 3 }, 'two logins came before')
})
