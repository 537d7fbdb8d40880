import { CommandFailed } from '@rendezvous/client'
import { commands } from '@rendezvous/contract'
import t from 'tap'
import { startNodes } from '../cluster.ts'
import { contractAt, witnessedFetch } from '../contract/witness.ts'
import type { Person } from '../person.ts'
import { commandPolicies } from './commands.ts'
import { type Policy, policies } from './policies.ts'
import { type Known, roles, type Scene, worldOn } from './world.ts'

const nodes = await startNodes(t)
const [url] = nodes.apis
const contract = await contractAt(url)
const world = await worldOn(nodes)
const operations = contract.operations.map(operation => ({
  ...operation,
  name: `${operation.method} ${operation.path}`
}))

t.teardown(() => {
  for (const socket of Object.values(world.sockets)) socket.close()
})

t.test('every route and every command has its policy, and every policy its route or command', async t => {
  t.same(Object.keys(policies).sort(), operations.map(({ name }) => name).sort())
  t.same(Object.keys(commandPolicies).sort(), Object.keys(commands).sort())
})

t.test('a route that needs a token is one that nobody may call without', async t => {
  for (const { name, isProtected } of operations) t.equal(policies[name]?.expected.anonymous === 401, isProtected, name)
})

for (const { name, method, path } of operations)
  t.test(name, async t => {
    const policy = policies[name]
    t.ok(policy, 'has a policy')
    for (const role of policy === undefined ? [] : roles) {
      const scene = await world.scene(role)
      const person = role === 'anonymous' ? null : await asking(role, policy)
      const { query = '', body, values = {} } = policy?.request?.(scene, person) ?? {}
      const session = path.includes('{sessionId}') ? { sessionId: await world.sessionOf(role) } : {}
      const status = await ask(person, method, filled(path, scene, { ...session, ...values }) + query, body)
      t.equal(status, policy?.expected[role], `${role} is answered with`)
    }
  })

for (const [type, policy] of Object.entries(commandPolicies))
  t.test(`the command ${type}`, async t => {
    for (const role of roles.filter(role => role !== 'anonymous')) {
      const command = policy.command(await world.scene(role))
      const answer = await world.sockets[role].command(command).then(() => 'ack', codeOf)
      t.equal(answer, policy.expected[role], `${role} is answered with`)
    }
  })

t.test('nobody opens a socket without a token', async t => {
  t.equal((await witnessedFetch(`${url}/ws/chat`)).status, 404)
})

function asking(role: Known, policy: Policy | undefined): Person | Promise<Person> {
  if (policy?.endsSessions === 'own') return world.again(role)
  return policy?.endsSessions === 'others' ? world.stranger() : world.people[role]
}

async function ask(person: Person | null, method: string, path: string, body: unknown): Promise<number> {
  const response = await witnessedFetch(url + path, {
    method,
    headers: {
      ...(person === null ? {} : { authorization: `Bearer ${person.http.access}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return response.status
}

/** The parameters of a path name what the scene has, unless the policy has others. */
function filled(path: string, scene: Scene, values: Readonly<Record<string, unknown>>): string {
  const known: Readonly<Record<string, unknown>> = {
    id: path.includes('/users/') ? scene.owner : scene.conversation,
    ...{ messageId: scene.message, userId: scene.bystander, emoji: ':party:', ...values }
  }
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(known[name])))
}

function codeOf(error: unknown): string {
  return error instanceof CommandFailed ? error.code : String(error)
}
