import t from 'tap'
import { djangoVerifies, isDjangoHash, remainingChecks } from '../../src/people/passwords/django-hashes.ts'
import { type HashEngine, passwordService } from '../../src/people/passwords/service.ts'

const requester = { ip: '192.0.2.1' }

/** Hashes by Django 4.2 and 5.2. */
const hashes = {
  default: {
    password: 'correct horse',
    hash: 'pbkdf2_sha256$1000000$t6TOqmQQYapUEruQnY53Qr$0N9oUiOqW7pBM7o1JD8w/KhlVcludNkkUfzRuiPW/kU='
  },
  old: { password: 'pässwörd ✓', hash: 'pbkdf2_sha256$1000$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww=' },
  argon2: {
    password: 'correct horse',
    hash: 'argon2$argon2id$v=19$m=102400,t=2,p=8$S29LSUVyMm5sdjFWMTV2MmQ3TTJXag$Gsf4uFHexjJvzChv2ojHw1j2cB7482IP9arj8XEUtxg'
  },
  sha1: { password: 'correct horse', hash: 'pbkdf2_sha1$600000$6NFxGUuD9dKY07aogqUV8J$JlOCurPtxY3GUc4Z+CZmOW2q3w0=' },
  oldSha1: { password: 'pässwörd ✓', hash: 'pbkdf2_sha1$1000$salt$bxSkLrebycD2ECFQDNFWRho35nM=' },
  scrypt: {
    password: 'correct horse',
    hash: 'scrypt$16384$HtnoisrIu1RvbsSsWHAlux$8$5$s+IIG2cBJVn0WJfygEa1Wfq4lycmX0Q3yp0rgC2s6IfKU0rEq3cDuGMFSRL8cRLkKuU2YQayrvO4B16IXHD5tw=='
  },
  scryptOfFour: {
    password: 'correct horse',
    hash: 'scrypt$16384$g0C75J17g2mf8QOP4qREcr$8$1$pUnjBTz78mwMCViOJfPtu94rl+V75tWZGWFSInZF5MRtFblbgEWSYOnwn7p1YOJ3g7D2q34/QNU9xIW6tm1cKA=='
  },
  oldScrypt: {
    password: 'pässwörd ✓',
    hash: 'scrypt$1024$sodium$4$2$1L3pVdopSr1tsQR0x0RBu1OvQ2yh6N81iZfhWqql5V5B4PDEBgfJ0+U5GPJQk/Bt0QxWL9HCRl6LrI9xdWWVLg=='
  }
}
/** A well-formed scrypt hash with these parameters. */
const scryptOf = (n: number, r: number, p: number) =>
  `scrypt$${n}$sodium$${r}$${p}$1L3pVdopSr1tsQR0x0RBu1OvQ2yh6N81iZfhWqql5V5B4PDEBgfJ0+U5GPJQk/Bt0QxWL9HCRl6LrI9xdWWVLg==`
const others = {
  unusable: '!FH04xYEDpB4GH1PrhxBU9WcEhQJS1akrGhumOPAz',
  bcrypt: 'bcrypt_sha256$$2b$12$T9v4vTXjWb6uAoMxaVQBIuQQhFDaJXrh/FrUFstowQ68vaQRiBIVm',
  sha1: 'pbkdf2_sha1$1000$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww=',
  endless: 'pbkdf2_sha256$9999999$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww=',
  none: 'pbkdf2_sha256$0$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww=',
  short: 'pbkdf2_sha256$1000$salt$gwZaaqRPm2k=',
  greedy:
    'argon2$argon2id$v=19$m=999999,t=2,p=8$S29LSUVyMm5sdjFWMTV2MmQ3TTJXag$Gsf4uFHexjJvzChv2ojHw1j2cB7482IP9arj8XEUtxg',
  scryptOfMemory: scryptOf(524_288, 8, 1),
  scryptOfLanes: scryptOf(16_384, 8, 21),
  scryptOfLargeBlocks: scryptOf(2, 999, 99).replace('$999$', '$9999$'),
  scryptOfNoPower: scryptOf(10_000, 8, 1),
  scryptOfOne: scryptOf(1, 8, 1),
  scryptTooNarrow: scryptOf(65_536, 1, 1),
  scryptOfNoLane: scryptOf(1_024, 8, 0),
  scryptShort: scryptOf(1_024, 4, 2).slice(0, -4)
}

t.test('a Django hash matches its password and no other', async t => {
  const passwords = passwordService()
  for (const { hash, password } of Object.values(hashes)) {
    t.ok(isDjangoHash(hash), hash)
    t.ok(passwords.isOld(hash), hash)
    t.ok(await passwords.verify(hash, password, requester), hash)
    t.notOk(await passwords.verify(hash, `${password}!`, requester), hash)
  }
  t.notOk(passwords.isOld(await passwords.hash('correct horse', requester)))
})

t.test('a hash that is unusable, of another hasher, malformed or too costly matches no password', async t => {
  const passwords = passwordService()
  for (const hash of Object.values(others)) {
    t.notOk(isDjangoHash(hash), hash)
    t.notOk(await passwords.verify(hash, 'correct horse', requester), hash)
    t.notOk(await passwords.verify(hash, 'pässwörd ✓', requester), hash)
  }
})

t.test('every failed check takes the same work', async t => {
  const work: string[] = []
  const record = async (hash: string) => {
    work.push(hash)
    return false
  }
  const recorded = Object.keys(djangoVerifies).map(prefix => [prefix, record])
  const engine: HashEngine = { hash: async () => '', verifies: { $argon2id$: record, ...Object.fromEntries(recorded) } }
  const costs = [
    'argon2$argon2id$v=19$m=102400,t=2,p=8',
    'pbkdf2_sha256$1000',
    'pbkdf2_sha256$1000000',
    'pbkdf2_sha256$9999999',
    'pbkdf2_sha1$600000',
    'scrypt$16384$$8$1',
    'scrypt$16384$$8$5'
  ]
  const passwords = passwordService({ engine, oldCosts: async () => costs })
  const workOf = async (hash: string | null) => {
    work.length = 0
    await passwords.verify(hash, 'wrong', requester)
    const sum = (pattern: RegExp, amount: (numbers: readonly number[]) => number) =>
      work
        .filter(isDjangoHash)
        .flatMap(each => {
          const found = pattern.exec(each)
          return found === null ? [] : [amount(found.slice(1).map(Number))]
        })
        .reduce((total, each) => total + each, 0)
    const blocks = sum(/^scrypt\$(\d+)\$[^$]+\$(\d+)\$(\d+)/, ([n = 0, r = 0, p = 0]) => n * r * p)
    return {
      sha256: sum(/^pbkdf2_sha256\$(\d+)/, ([iterations = 0]) => iterations),
      sha1: sum(/^pbkdf2_sha1\$(\d+)/, ([iterations = 0]) => iterations),
      scrypt: Math.floor(blocks / (16_384 * 8)),
      argon2: sum(/^argon2\$/, () => 1),
      own: work.filter(each => each.startsWith('$argon2id$')).length
    }
  }

  const tried = [null, '$argon2id$v=19$m=19456,t=2,p=1$x$y', ...Object.values(hashes).map(({ hash }) => hash)]
  const same = { sha256: 1_000_000, sha1: 600_000, scrypt: 5, argon2: 1, own: 1 }
  for (const hash of [...tried, ...Object.values(others)]) {
    t.strictSame(await workOf(hash), same, String(hash))
  }
})

t.test('without stored old hashes, a failure costs one check of our own hash', async t => {
  t.strictSame(remainingChecks(null, []), [])
  t.strictSame(remainingChecks(hashes.old.hash, ['pbkdf2_sha256$1000']), [])
})
