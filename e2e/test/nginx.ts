import { execFileSync, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))
/** The host that the README's configuration serves. */
export const HOST = 'chat.example'

/** An nginx that runs the README's configuration. */
export interface Nginx {
  readonly port: number
  /** The certificate of `HOST`, in PEM. */
  readonly ca: string
}

/** Skips a test where nginx or openssl is not installed. In CI a skipped test fails. */
export function needsNginx(): { skip: string | false } {
  const absent = ['nginx', 'openssl'].filter(name => find(name) === null)
  return {
    skip: absent.length > 0 && `${absent.join(' and ')} not found (Debian: apt-get install nginx-light openssl)`
  }
}

/** Starts nginx with the configuration of the README in front of the product at `url`. It ends with the test. */
export async function startNginx(t: Test, url: string): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'rendezvous-nginx-'))
  const [certificate, key] = [join(folder, 'chat.pem'), join(folder, 'chat.key')]
  const subject = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync(find('openssl') ?? '', [...made, ...subject, '-out', certificate, '-keyout', key], { stdio: 'ignore' })

  const port = await freePort()
  const changes = { '443 ssl': `127.0.0.1:${port} ssl`, 'http://127.0.0.1:8000': url }
  const paths = { [`/etc/ssl/${HOST}.pem`]: certificate, [`/etc/ssl/${HOST}.key`]: key }
  await writeFile(join(folder, 'nginx.conf'), around(replaced(await configuration(), { ...changes, ...paths }), folder))

  const child = spawn(find('nginx') ?? '', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const gone = new Promise(resolve => child.once('exit', resolve))
  t.teardown(async () => {
    child.kill()
    await gone
    await rm(folder, { recursive: true, force: true })
  })
  const printed: string[] = []
  for await (const line of createInterface(child.stderr)) {
    printed.push(line)
    if (/event method/.test(line)) return { port, ca: await readFile(certificate, 'utf8') } // its ports are open
  }
  throw new Error(`nginx ended:\n${printed.join('\n')}`)
}

/** The README's nginx block. */
async function configuration(): Promise<string> {
  const [, block] = /^ *```nginx\n([\s\S]*?)^ *```$/m.exec(await readFile(README, 'utf8')) ?? []
  if (block === undefined) throw new Error('README.md has no nginx block')
  return block
}

/** @throws when a text is not there, because the README changed. */
function replaced(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`the README's nginx block lacks ${from}`)
    return changed.replace(from, to)
  }, text)
}

function around(block: string, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${folder}/${name};`
  )
  const main = [
    'daemon off;',
    'master_process off;',
    `pid ${folder}/nginx.pid;`,
    'error_log stderr notice;',
    'events {}'
  ]
  return `${main.join('\n')}\nhttp {\naccess_log off;\n${temporary.join('\n')}\n${block}}\n`
}

function find(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map(folder => join(folder, name)).find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
