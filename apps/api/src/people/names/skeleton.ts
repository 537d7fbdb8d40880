import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const TABLE = new URL('confusables.txt', import.meta.url)
/** Longest key, in UTF-16 units. A longer one is hashed, because an index row has a limit. */
const KEY_MAX = 255

/**
 * The keys of a user name. Two names that share a key look alike. One key is the skeleton of the name as it is shown, the
 * other of its lower case (Unicode Technical Standard 39). In the user's own `email` address ASCII characters are
 * not compared by look: `paul1@` and `paull@` are two mailboxes.
 */
export function nameKeys(username: string, email = ''): string[] {
  const shown = username.normalize('NFKC')
  const isAddress = shown.includes('@') && shown.toLowerCase() === email.normalize('NFKC').toLowerCase()
  const skeletons = [shown, shown.toLowerCase()].map(name => skeleton(name, isAddress))
  return [...new Set(skeletons.map(bounded))]
}

/** Names that look alike have one skeleton. `keepsAscii` leaves ASCII characters as they are. */
function skeleton(name: string, keepsAscii: boolean): string {
  const visible = name.normalize('NFD').replace(/\p{Default_Ignorable_Code_Point}/gu, '')
  const mapped = Array.from(visible, character =>
    keepsAscii && character < '\x80' ? character : (prototypes().get(character) ?? character)
  )
  return mapped.join('').normalize('NFD')
}

function bounded(key: string): string {
  return key.length <= KEY_MAX ? key : `sha256:${createHash('sha256').update(key).digest('base64url')}`
}

let read: ReadonlyMap<string, string> | undefined

/** The prototype of each character that has one. */
function prototypes(): ReadonlyMap<string, string> {
  read ??= parse(readFileSync(fileURLToPath(TABLE), 'utf8'))
  return read
}

/** Reads lines such as `004F < 0030 039F`: O is the prototype of the digit 0 and of the Greek capital omicron. */
function parse(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.flatMap(line => {
      const [prototype = '', sources = ''] = line.split(' < ')
      return sources.split(' ').map(source => [characters(source), characters(prototype)] as const)
    })
  )
}

function characters(codes: string): string {
  return String.fromCodePoint(...codes.split(' ').map(code => Number.parseInt(code, 16)))
}
