import { type Kind, kinds, type Occurrences, type Reason, type Report, reasons, type Tally } from './report.ts'

/** Keys that the table shows for each reason. The JSON report has more. */
const SHOWN = 5

/** The report as a table for a terminal. */
export function tableOf(report: Report): string {
  const rows = kinds
    .map(kind => [kind, report.kinds[kind]] as const)
    .filter(([, tally]) => tally.read + tally.brought + tally.there > 0)
  const head = line(['', 'read', 'brought', 'there', 'left out', 'changed'])
  const body = rows.map(([kind, tally]) =>
    line([label(kind), tally.read, tally.brought, tally.there, sum(tally.left_out), sum(tally.changed)].map(String))
  )
  const notYet = Object.entries(report.not_yet).map(([what, count]) => `  ${what.padEnd(14)}${count}: not imported yet`)
  return [
    head,
    ...body,
    ...section('Left out', rows, tally => tally.left_out),
    ...section('Imported, but changed', rows, tally => tally.changed),
    ...(notYet.length > 0 ? ['', 'Not yet', ...notYet] : []),
    ...(report.dry_run ? ['', 'This was a dry run: nothing was kept.'] : [])
  ].join('\n')
}

function section(
  title: string,
  rows: readonly (readonly [Kind, Tally])[],
  of: (tally: Tally) => Readonly<Partial<Record<Reason, Occurrences>>>
): string[] {
  const lines = rows.flatMap(([kind, tally]) =>
    Object.entries(of(tally)).map(([reason, { count, first }]) => {
      const more = count > first.slice(0, SHOWN).length ? ', ...' : ''
      return `  ${label(kind).padEnd(14)}${count}: ${reasons[reason as Reason]} (${first.slice(0, SHOWN).join(', ')}${more})`
    })
  )
  return lines.length > 0 ? ['', title, ...lines] : []
}

function sum(notes: Readonly<Partial<Record<Reason, Occurrences>>>): number {
  return Object.values(notes).reduce((total, { count }) => total + count, 0)
}

function label(kind: Kind): string {
  return kind.replace('_', ' ')
}

function line([first = '', ...cells]: readonly string[]): string {
  return `${first.padEnd(14)}${cells.map(cell => cell.padStart(10)).join('')}`
}
