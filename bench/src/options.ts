import { parseArgs } from 'node:util'

/** What can be measured. */
export const topics = ['deliveries', 'dialects', 'sends', 'delay', 'memory', 'handshake'] as const
/** The name of something that can be measured. */
export type Topic = (typeof topics)[number]

/** What the command line asks for. */
export interface Options {
  readonly quick: boolean
  readonly only: readonly Topic[]
  /** Where the report goes as JSON, and CPU profiles of the processes. */
  readonly json: string | undefined
  readonly profile: string | undefined
}

/** How the command is used. */
export const USAGE = `npm run bench -- [--quick] [--only ${topics.join('|')}]... [--json FILE] [--profile FOLDER]
Everything takes some 10 minutes on two cores, of which \`dialects\` takes two; --quick takes one or two in all.`

/** @throws TypeError for what is no such option. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      profile: { type: 'string' }
    }
  })
  const only = topics.filter(topic => values.only.includes(topic))
  if (only.length < new Set(values.only).size) throw new TypeError(`--only takes ${topics.join(', ')}`)
  return { quick: values.quick, only: only.length === 0 ? topics : only, json: values.json, profile: values.profile }
}
