/** Started as a process of its own: locks the folder named by its argument, says `held` or `refused` on a line of its
 *  standard output, and holds on until it is killed. */
import { lockFolder } from '../../src/lock.ts'

const [folder = ''] = process.argv.slice(2)
const outcome = await lockFolder(folder).then(
  () => 'held',
  error => (error.code === 'FOLDER_IN_USE' ? 'refused' : String(error))
)
process.stdout.write(`${outcome}\n`)
process.stdin.resume()
