import { readFile, writeFile } from 'node:fs/promises'
import {
  aliases,
  closeCodes,
  commandClasses,
  commands,
  errorKinds,
  events,
  failureRates,
  limits,
  type RateKind,
  rates,
  rights,
  socketRates
} from '@rendezvous/contract'

const DOCUMENT = new URL('../../docs/protocol.md', import.meta.url)

interface ObjectSchema {
  readonly description?: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly required?: readonly string[]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The table of the frames `schemas`. `classes` adds a column with the limit class of each. */
function frames(
  schemas: Readonly<Record<string, ObjectSchema>>,
  classes?: Readonly<Record<string, string | null>>
): string {
  const rows = Object.entries(schemas).map(([type, { description = '', properties, required = [] }]) => {
    const fields = Object.keys(properties).filter(name => name !== 'type')
    return [
      `\`${type}\``,
      fields.map(name => `\`${name}\`${required.includes(name) ? '' : '?'}`).join(', '),
      description,
      ...(classes === undefined ? [] : [classes[type] == null ? '' : `\`${classes[type]}\``])
    ]
  })
  const head = ['type', 'fields (? = may be absent)', 'meaning']
  return table(classes === undefined ? head : [...head, 'counts in'], rows)
}

/** The generated parts of docs/protocol.md, by the names of their markers. */
function protocolTables(): Readonly<Record<string, string>> {
  return {
    events: frames(events),
    commands: frames(commands, commandClasses),
    closes: table(
      ['code', 'reason', 'meaning'],
      Object.values(closeCodes).map(({ code, reason, description }) => [
        String(code),
        reason === '' ? '' : `\`${reason}\``,
        description
      ])
    ),
    rights: table(
      ['act', 'least role in a group'],
      Object.entries(rights).map(([act, role]) => [act.replaceAll('_', ' '), `\`${role}\``])
    ),
    errors: table(
      ['code', 'status', 'default text'],
      Object.entries(errorKinds).map(([code, { status, detail }]) => [`\`${code}\``, String(status), detail])
    ),
    limits: table(
      ['limit', 'value'],
      Object.entries(limits).map(([name, value]) => [`\`${name}\``, String(value)])
    ),
    rates: table(
      ['what', 'counted by', 'in a burst', 'refilled over'],
      [...rows(rates, name => ` (\`${name}\`)`), ...rows(socketRates), ...rows(failureRates)]
    ),
    aliases: table(
      ['field', 'also read'],
      Object.entries(aliases).map(([name, others]) => [`\`${name}\``, others.map(other => `\`${other}\``).join(', ')])
    )
  }
}

function rows(kinds: Readonly<Record<string, RateKind>>, suffix = (_name: string) => ''): string[][] {
  return Object.entries(kinds).map(([name, { description, by, limit, windowMs }]) => [
    description + suffix(name),
    by,
    String(limit),
    `${windowMs / 1_000} s`
  ])
}

/** `text` with every part between two markers generated again. @throws Error when a marker is missing. */
export function withTables(text: string): string {
  let result = text
  for (const [name, content] of Object.entries(protocolTables())) {
    const part = new RegExp(`<!-- ${name} -->\n[\\s\\S]*?<!-- /${name} -->`)
    if (!part.test(result))
      throw new Error(`docs/protocol.md has no part between <!-- ${name} --> and <!-- /${name} -->`)
    result = result.replace(part, () => `<!-- ${name} -->\n${content}\n<!-- /${name} -->`)
  }
  return result
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(DOCUMENT, withTables(await readFile(DOCUMENT, 'utf8')))
}
