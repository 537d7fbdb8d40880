import type { ApiServices, DatabasePorts } from '@rendezvous/api'

/** The password of every demo account. */
export const DEMO_PASSWORD = 'rendezvous-demo'

const people = [
  { username: 'demo_ana', first_name: 'Ana', bio: 'Climbs, reads, argues about both.' },
  { username: 'demo_ben', first_name: 'Ben', bio: 'Bakes bread at night.' },
  { username: 'demo_chloe', first_name: 'Chloé', bio: 'Plays the cello, badly and often.' }
]

/** The names of the demo accounts. */
export const demoNames: readonly string[] = people.map(({ username }) => username)

/** Makes the three demo accounts when nobody has an account yet. Whether they are there. */
export async function offerDemoPeople(
  accounts: Pick<ApiServices['accounts'], 'register'>,
  users: Pick<DatabasePorts['users'], 'isEmpty' | 'findCredentials'>
): Promise<boolean> {
  if (await users.isEmpty())
    for (const person of people) await accounts.register({ ...person, password: DEMO_PASSWORD }, { ip: '' })
  const found = await Promise.all(demoNames.map(login => users.findCredentials({ login })))
  return found.every(credentials => credentials?.active)
}
