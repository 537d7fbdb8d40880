import { access, chmod, constants, mkdir, readdir, stat } from 'node:fs/promises'
import { OperatorError, systemCode } from '@rendezvous/lifecycle'

const PRIVATE = 0o700
const OTHERS = 0o077
/** Set on shared folders like /tmp. Their mode is not ours to change. */
const STICKY = 0o1000
/** What a data folder of the product contains. */
const OURS: ReadonlySet<string> = new Set(['pg', 'secret', 'lock'])

/** Creates `folder` when absent, so that only the owner can enter it. Takes the rights of others away from an existing
 *  folder that is empty or holds our data. Returns a text for the operator when it did, or when it could not and other
 *  users can enter the folder; otherwise null. On Windows it only creates the folder.
 *  @throws OperatorError that names the folder when it cannot be created, or is a file */
export async function privateFolder(folder: string): Promise<string | null> {
  try {
    await mkdir(folder, { recursive: true, mode: PRIVATE })
    return process.platform === 'win32' ? null : await closeToOthers(folder)
  } catch (error) {
    throw folderFailure(error, folder) ?? error
  }
}

/** The text for the operator when the folder cannot be used as the data folder; null for any other error. */
export function folderFailure(error: unknown, folder: string): OperatorError | null {
  const problem = problems[systemCode(error)]
  return problem === undefined ? null : new OperatorError(`DATA_DIR: ${folder} ${problem}`, { cause: error })
}

/** The text for the operator when the embedded database in `folder` does not open because of `error`. */
export async function damagedDatabase(error: unknown, folder: string): Promise<OperatorError> {
  const state = await stateOf(folder)
  if (state !== null) return state
  const why = error instanceof Error && error.message !== '' ? ` (${error.message})` : ''
  return new OperatorError(
    `DATA_DIR: the database in ${folder} is damaged, or of another version${why}. ` +
      `Put a backup of the folder back, or move ${folder} away to start with an empty database.`,
    { cause: error }
  )
}

/** Why this user cannot use the folder; null when they can. */
async function stateOf(folder: string): Promise<OperatorError | null> {
  try {
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' })
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return folderFailure(error, folder)
  }
}

const CHOOSE = 'or set DATA_DIR to another folder.'
const NOT_A_FOLDER = `is a file or lies below one. Move the file away, ${CHOOSE}`
const DENIED = `cannot be written by this user. Give this user the folder (chown, chmod u+rwx), ${CHOOSE}`
const problems: Readonly<Record<string, string>> = {
  EEXIST: NOT_A_FOLDER,
  ENOTDIR: NOT_A_FOLDER,
  ENOENT: `cannot be created there. Create the folder above it, ${CHOOSE}`,
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: `is on a read-only file system. Mount it writable, ${CHOOSE}`,
  ENOSPC: `is on a full disk. Free some space, ${CHOOSE}`,
  EDQUOT: `is over its disk quota. Free some space, ${CHOOSE}`,
  ELOOP: `is a symbolic link that leads to itself. Remove the link, ${CHOOSE}`,
  ENAMETOOLONG: 'has a name that is too long. Set DATA_DIR to a shorter path.'
}

async function closeToOthers(folder: string): Promise<string | null> {
  const { mode } = await stat(folder)
  if ((mode & OTHERS) === 0) return null
  if ((mode & STICKY) === 0 && (await isOurs(folder))) {
    try {
      await chmod(folder, PRIVATE)
      return `DATA_DIR: other users of this machine could enter ${folder}. Its mode was ${octal(mode)} and is now 0700.`
    } catch (error) {
      if (systemCode(error) !== 'EPERM') throw error
    }
  }
  return (
    `DATA_DIR: other users of this machine can enter ${folder} (mode ${octal(mode)}). ` +
    'Set DATA_DIR to a folder of its own, with mode 0700.'
  )
}

/** Whether the folder holds our data, or nothing. A folder named by mistake, /etc for example, keeps its mode. */
async function isOurs(folder: string): Promise<boolean> {
  const names = await readdir(folder)
  return names.length === 0 || names.some(name => OURS.has(name))
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0')
}
