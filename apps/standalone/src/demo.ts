import type { ApiServices, DatabasePorts } from '@rendezvous/api'
import type { UserId } from '@rendezvous/contract'

/** The password of every demo account. */
export const DEMO_PASSWORD = 'rendezvous-demo'

const people = [
  { username: 'demo_ana', first_name: 'Ana', bio: 'Climbs, reads, argues about both.' },
  { username: 'demo_ben', first_name: 'Ben', bio: 'Bakes bread at night.' },
  { username: 'demo_chloe', first_name: 'Chloé', bio: 'Plays the cello, badly and often.' }
]

/** The user names of the demo accounts. */
export const demoNames: readonly string[] = people.map(({ username }) => username)

/** The parts of the api that demo accounts need. */
export interface DemoPorts {
  readonly accounts: Pick<ApiServices['accounts'], 'register'>
  readonly users: Pick<DatabasePorts['users'], 'isEmpty' | 'findCredentials'>
  readonly verify: (hash: string, password: string) => Promise<boolean>
  /** Makes the users inactive. */
  readonly disable: (userIds: readonly UserId[]) => Promise<void>
}

/** Creates the demo accounts when there is no account yet. Answers whether all of them exist and are active. */
export async function createDemoAccounts({ accounts, users }: Omit<DemoPorts, 'verify' | 'disable'>): Promise<boolean> {
  if (await users.isEmpty())
    for (const person of people) await accounts.register({ ...person, password: DEMO_PASSWORD }, { ip: '' })
  const found = await Promise.all(demoNames.map(login => users.findCredentials({ login })))
  return found.every(credentials => credentials?.active)
}

/** Disables the active demo accounts that still have the published password. Answers their names. */
export async function disableDemoAccounts({ users, verify, disable }: Omit<DemoPorts, 'accounts'>): Promise<string[]> {
  const open: { readonly name: string; readonly userId: UserId }[] = []
  for (const name of demoNames) {
    const found = await users.findCredentials({ login: name })
    if (found?.active && (await verify(found.passwordHash, DEMO_PASSWORD))) open.push({ name, userId: found.userId })
  }
  if (open.length > 0) await disable(open.map(({ userId }) => userId))
  return open.map(({ name }) => name)
}
