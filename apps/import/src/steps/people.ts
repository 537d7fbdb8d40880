import { loginKey, type Transaction } from '@rendezvous/api'
import { OperatorError } from '@rendezvous/lifecycle'
import type { Notes } from '../report.ts'
import type { SourcePerson } from '../source/people.ts'
import { type KnownPerson, knownPeople, record } from '../target/imported.ts'
import { type Account, idsFor, insertPeople, takenLoginKeys, takeOverPasswords } from '../target/people.ts'
import { accountOf, hashOf, otherName } from './person.ts'
import { inBatch, type Step } from './step.ts'

/** Rows of another database are recorded under this name. */
export class WrongSource extends OperatorError {
  constructor(source: string, key: string) {
    super(
      `the person ${key} of "${source}" was imported with another date of joining. If this is another database, give it a name of its own: --name NAME`
    )
    this.name = 'WrongSource'
  }
}

/**
 * Imports a batch of people. A user name that belongs to another account is replaced; an e-mail address that does is
 * dropped.
 * @throws WrongSource when a person of an earlier run was imported from another database
 */
export async function importPeople(step: Step, people: readonly SourcePerson[]): Promise<void> {
  await inBatch(step, async (on, notes) => {
    notes.count('people', 'read', people.length)
    const known = await knownPeople(
      on,
      step.source,
      people.map(({ key }) => key)
    )
    const old = people.flatMap(person => existingAccount(step.source, person, known.get(person.key)))
    notes.count('people', 'there', known.size)
    await takeOverPasswords(on, old)

    const fresh = people
      .filter(({ key }) => !known.has(key))
      .map(person => ({ person, account: accountOf(person, notes) }))
    if (fresh.length > 0) await importNew(on, step.source, fresh, notes)
  })
}

interface Fresh {
  readonly person: SourcePerson
  readonly account: Account
}

async function importNew(on: Transaction, source: string, fresh: readonly Fresh[], notes: Notes): Promise<void> {
  const { accounts, logins } = await chooseNames(on, fresh, notes)
  const ids = await idsFor(on, accounts)
  const placed = accounts.map((account, place) => ({ account, id: ids[place] ?? account.wantedId }))
  for (const { account, id } of placed)
    if (id !== account.wantedId) notes.change('people', 'renumbered', `${account.key} -> ${id}`)

  const claims = logins.flatMap((keys, place) => keys.map(key => ({ key, id: ids[place] })))
  await insertPeople(
    on,
    accounts,
    ids,
    claims.flatMap(({ key, id }) => (id === undefined ? [] : [{ key, id }]))
  )
  await record(
    on,
    source,
    'person',
    placed.map(({ account, id }) => ({ key: account.key, id }))
  )
  notes.count('people', 'brought', accounts.length)
}

/** The accounts with names that no other account has, and the keys by which each person signs in. */
async function chooseNames(on: Transaction, fresh: readonly Fresh[], notes: Notes) {
  const wished = fresh.flatMap(({ account }) => [
    loginKey(account.username),
    loginKey(otherName(account.username, account.key, () => true)),
    loginKey(account.email)
  ])
  const taken = await takenLoginKeys(on, wished)
  const isFree = (name: string) => !taken.has(loginKey(name))
  const accounts: Account[] = []
  const logins: string[][] = []
  for (const { person, account } of fresh) {
    const username = isFree(account.username) ? account.username : otherName(account.username, account.key, isFree)
    if (username !== (person.username ?? '').normalize('NFKC')) {
      notes.change('people', 'renamed', `${account.key}: ${person.username} -> ${username}`)
    }
    taken.add(loginKey(username))
    const email = isFree(account.email) || loginKey(account.email) === loginKey(username) ? account.email : ''
    if (email !== account.email) notes.change('people', 'email_dropped', account.key)
    taken.add(loginKey(email))
    accounts.push({ ...account, username, email })
    logins.push([...new Set([loginKey(username), loginKey(email)])].filter(key => key !== ''))
  }
  return { accounts, logins }
}

/** The account of an earlier run, if it still exists, with the password that the source has now. */
function existingAccount(source: string, person: SourcePerson, known: KnownPerson | undefined) {
  if (known === undefined || known.id === null) return []
  const [then, now] = [known.dateJoined, person.dateJoined]
  if (then !== null && now !== null && then.getTime() !== now.getTime()) throw new WrongSource(source, person.key)
  return [{ id: known.id, passwordHash: hashOf(person.password) }]
}
