import { CommandFailed } from '@rendezvous/client'
import { commands } from '@rendezvous/contract'
import t from 'tap'
import { startNodes } from '../cluster.ts'
import { checkedFetch, contractAt } from '../contract/checked.ts'
import type { Person } from '../person.ts'
import { commandPolicies } from './commands.ts'
import { createAccessFixtures, roles, type SignedInRole, type Target } from './fixtures.ts'
import { type Policy, policies } from './policies.ts'

const nodes = await startNodes(t)
const [url] = nodes.apis
const contract = await contractAt(url)
const fixtures = await createAccessFixtures(nodes)
const operations = contract.operations.map(operation => ({
  ...operation,
  name: `${operation.method} ${operation.path}`
}))

t.teardown(() => {
  for (const socket of Object.values(fixtures.sockets)) socket.close()
})

t.test('every route and command has a policy, and every policy has a route or command', async t => {
  t.same(Object.keys(policies).sort(), operations.map(({ name }) => name).sort())
  t.same(Object.keys(commandPolicies).sort(), Object.keys(commands).sort())
})

t.test('the document marks a route as protected exactly when it answers 401 without a token', async t => {
  for (const { name, isProtected } of operations) t.equal(policies[name]?.expected.anonymous === 401, isProtected, name)
})

for (const { name, method, path } of operations)
  t.test(name, async t => {
    const policy = policies[name]
    t.ok(policy, 'has a policy')
    for (const role of policy === undefined ? [] : roles) {
      const target = await fixtures.target(role)
      const person = role === 'anonymous' ? null : await callerFor(role, policy)
      const { query = '', body, values = {} } = policy?.request?.(target, person) ?? {}
      const session = path.includes('{sessionId}') ? { sessionId: await fixtures.sessionOf(role) } : {}
      const status = await ask(person, method, filled(path, target, { ...session, ...values }) + query, body)
      t.equal(status, policy?.expected[role], `the answer to ${role}`)
    }
  })

for (const [type, policy] of Object.entries(commandPolicies))
  t.test(`the command ${type}`, async t => {
    for (const role of roles.filter(role => role !== 'anonymous')) {
      const command = policy.command(await fixtures.target(role))
      const answer = await fixtures.sockets[role].command(command).then(() => 'ack', codeOf)
      t.equal(answer, policy.expected[role], `the answer to ${role}`)
    }
  })

t.test('the path of the socket answers 404 to a request without an upgrade', async t => {
  t.equal((await checkedFetch(`${url}/ws/chat`)).status, 404)
})

function callerFor(role: SignedInRole, policy: Policy | undefined): Person | Promise<Person> {
  if (policy?.endsSessions === 'own') return fixtures.newSession(role)
  return policy?.endsSessions === 'others' ? fixtures.unrelated() : fixtures.people[role]
}

async function ask(person: Person | null, method: string, path: string, body: unknown): Promise<number> {
  const response = await checkedFetch(url + path, {
    method,
    headers: {
      ...(person === null ? {} : { authorization: `Bearer ${person.http.access}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return response.status
}

/** Fills the path parameters from `values`, else from the target. */
function filled(path: string, target: Target, values: Readonly<Record<string, unknown>>): string {
  const known: Readonly<Record<string, unknown>> = {
    id: path.includes('/users/') ? target.owner : target.conversation,
    ...{ messageId: target.message, userId: target.bystander, emoji: ':party:', ...values }
  }
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(known[name])))
}

function codeOf(error: unknown): string {
  return error instanceof CommandFailed ? error.code : String(error)
}
