export { type DatabaseLock, lockDatabase } from './database.ts'
export { lockFolder } from './folder.ts'
export { damagedDatabase, folderFailure } from './private-folder.ts'
