import { chmod, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { damagedDatabase, folderFailure, privateFolder } from '../src/private-folder.ts'

async function modeOf(folder: string): Promise<number> {
  return (await stat(folder)).mode & 0o7777
}

t.test('a new folder is for its owner alone', async t => {
  const folder = join(t.testdir(), 'above', 'data')
  t.equal(await privateFolder(folder), null)
  t.equal(await modeOf(folder), 0o700)
})

t.test('an existing folder with our data is closed to others, once', async t => {
  const folder = join(t.testdir({ data: { secret: 'x', 'notes.txt': 'x' } }), 'data')
  await chmod(folder, 0o777)
  t.match(await privateFolder(folder), /^DATA_DIR: .* Its mode was 0777 and is now 0700\.$/)
  t.equal(await modeOf(folder), 0o700)
  t.equal(await privateFolder(folder), null)
})

t.test('a shared or foreign folder keeps its mode, and the operator is told', async t => {
  const root = t.testdir({ foreign: { 'notes.txt': 'x' } })
  await chmod(join(root, 'foreign'), 0o755)
  await mkdir(join(root, 'sticky'))
  await chmod(join(root, 'sticky'), 0o1777)
  t.match(await privateFolder(join(root, 'foreign')), /other users .* can enter .*\(mode 0755\).* Set DATA_DIR/)
  t.match(await privateFolder(join(root, 'sticky')), /can enter/)
  t.equal(await modeOf(join(root, 'foreign')), 0o755)
  t.equal(await modeOf(join(root, 'sticky')), 0o1777)
})

t.test('each reason why a folder cannot be used names it and says what to do', async t => {
  const textOf = (code: string) => folderFailure(Object.assign(new Error('x'), { code }), '/srv/data')?.message
  for (const [code, text] of [
    ['EACCES', /cannot be written by this user.*chown/],
    ['EROFS', /read-only file system/],
    ['ENOTDIR', /is a file/],
    ['ENOSPC', /full disk/]
  ] as const)
    t.match(textOf(code), new RegExp(`^DATA_DIR: /srv/data .*${text.source}`), code)
  t.equal(textOf('EOTHER'), undefined)
})

t.test('a database that does not open is damaged, unless its folder is a file', async t => {
  const root = t.testdir({ pg: {}, file: 'x' })
  t.match(
    (await damagedDatabase(new Error('no control file'), join(root, 'pg'))).message,
    /is damaged.*no control file/
  )
  t.match((await damagedDatabase(new Error('x'), join(root, 'file'))).message, /file is a file/)
})
