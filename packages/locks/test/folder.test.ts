import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { FolderInUse, lockFolder } from '../src/folder.ts'

const holder = fileURLToPath(new URL('folder/holder.ts', import.meta.url))

interface Child {
  outcome: string
  kill(): Promise<void>
}

/** Starts a process that locks `folder`, and waits until it prints the outcome. */
async function lockInChild(t: Test, folder: string): Promise<Child> {
  const child = spawn(process.execPath, ['--import', 'tsx', holder, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => killHard(child))
  const [outcome] = await once(createInterface({ input: child.stdout }), 'line')
  return { outcome, kill: () => killHard(child) }
}

async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

t.test('a folder is created and locked, and can be locked again after the release', async t => {
  const folder = join(t.testdir(), 'new', 'data')
  const lock = await lockFolder(folder)
  await t.rejects(lockFolder(folder), { name: 'FolderInUse', code: 'FOLDER_IN_USE', folder })

  await lock.release()
  await lock.release()
  const next = await lockFolder(folder)
  await next.release()
})

t.test('a second process is refused with a message that names the folder', async t => {
  const folder = t.testdir()
  const lock = await lockFolder(folder)
  t.teardown(() => lock.release())

  t.equal((await lockInChild(t, folder)).outcome, 'refused')
  t.match(new FolderInUse(folder).message, folder)
})

t.test('a second process gets the lock after the first one released it', async t => {
  const folder = t.testdir()
  const lock = await lockFolder(folder)
  await lock.release()

  t.equal((await lockInChild(t, folder)).outcome, 'held')
})

t.test('kill -9 of the holder frees the folder at once, also for the second time', async t => {
  const folder = t.testdir()
  const first = await lockInChild(t, folder)
  t.equal(first.outcome, 'held')
  await t.rejects(lockFolder(folder), { code: 'FOLDER_IN_USE' })
  await first.kill()

  const second = await lockInChild(t, folder)
  t.equal(second.outcome, 'held')
  await second.kill()

  const lock = await lockFolder(folder)
  await lock.release()
})

t.test('when many find a dead holder at the same moment, exactly one gets the lock', async t => {
  const folder = t.testdir()
  const dead = await lockInChild(t, folder)
  await dead.kill()

  for (let round = 0; round < 20; round += 1) {
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
    const won = tries.filter(result => result.status === 'fulfilled')
    const lost = tries.filter(result => result.status === 'rejected')
    t.equal(won.length, 1)
    t.ok(lost.every(result => result.reason instanceof FolderInUse))
    await won[0]?.value.release()
  }
})

t.test('a folder whose path is too long for a socket can be locked too', async t => {
  const folder = join(t.testdir(), 'long'.repeat(40))
  const lock = await lockFolder(folder)
  t.teardown(() => lock.release())

  t.equal((await lockInChild(t, folder)).outcome, 'refused')
})

t.test('two paths of one folder share one lock', async t => {
  const folder = t.testdir({ real: {} })
  await symlink(join(folder, 'real'), join(folder, 'alias'))
  const lock = await lockFolder(join(folder, 'real'))
  t.teardown(() => lock.release())

  await t.rejects(lockFolder(join(folder, 'alias')), { code: 'FOLDER_IN_USE' })
})
