import type { Change } from '../../src/chat/changes/port.ts'

/** Each change as its seq and its type. */
export const summary = (changes: readonly Change[]) => changes.map(({ seq, type }) => `${seq} ${type}`)
