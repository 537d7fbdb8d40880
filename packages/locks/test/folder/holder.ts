/** A process that locks the folder of its first argument and prints `held` or `refused`. It runs until it is killed. */
import { lockFolder } from '../../src/folder.ts'

const [folder = ''] = process.argv.slice(2)
const outcome = await lockFolder(folder).then(
  () => 'held',
  error => (error.code === 'FOLDER_IN_USE' ? 'refused' : String(error))
)
process.stdout.write(`${outcome}\n`)
process.stdin.resume()
