import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { findRedis, startRedis } from '../scripts/redis.ts'

/** Writes scripts that print a version, in place of Redis's programs, into `folder`. */
async function install(folder: string, version: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const program of ['redis-server', 'redis-cli']) {
    await writeFile(join(folder, program), `#!/bin/sh\necho "Redis server v=${version} sha=0"\n`)
    await chmod(join(folder, program), 0o755)
  }
  return folder
}

t.test('the first Redis 7 of PATH is found, and REDIS_BIN comes before it', async t => {
  const root = t.testdir({ empty: {} })
  const [old, first, second] = await Promise.all([
    install(join(root, 'old'), '6.2.1'),
    install(join(root, 'first'), '7.0.15'),
    install(join(root, 'second'), '8.0.0')
  ])
  t.equal(await findRedis({ PATH: `${join(root, 'empty')}:${old}:${first}:${second}` }), first)
  t.equal(await findRedis({ PATH: first, REDIS_BIN: second }), second)
  t.equal(await findRedis({ PATH: first, REDIS_BIN: old }), null)
})

t.test('the error of a server that does not start contains its output', async t => {
  const bin = await install(join(t.testdir(), 'bin'), '7.0.15')
  await t.rejects(startRedis(bin), { message: /^Redis did not start:\nRedis server v=7/ })
})
