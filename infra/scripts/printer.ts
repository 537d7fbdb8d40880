import type { Failure, ResultListener, Tally } from './results.ts'

/** Details of a failure that no reader needs: how tap started the file, and positions inside tap. */
const OMITTED = new Set(['at', 'args', 'command', 'cwd', 'externalID', 'isToplevel', 'jobId', 'stdio', 'tapCaught'])

/** A listener that prints one line per test file, and each failure in full (diff, stack, source) as soon as it occurs. */
export function printer(print: (text: string) => void): ResultListener {
  return {
    failed: failure => print(describe(failure)),
    finished: (file, tally, milliseconds) => print(summarise(file, tally, milliseconds))
  }
}

function summarise(file: string, { passed, failed, skipped }: Tally, milliseconds: number): string {
  const parts = [`${passed} passed`]
  if (failed > 0) parts.push(`${failed} failed`)
  if (skipped.length > 0) parts.push(`${skipped.length} skipped`)
  const mark = failed > 0 ? 'FAIL' : passed > 0 ? 'ok  ' : 'skip'
  return `${mark} ${file} (${parts.join(', ')}, ${Math.round(milliseconds)} ms)`
}

function describe({ title, details }: Failure): string {
  const shown = Object.entries(details).filter(([name, value]) => !OMITTED.has(name) && value !== null)
  return [`\nnot ok: ${title}`, ...shown.map(([name, value]) => describeDetail(name, value))].join('\n')
}

function describeDetail(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value, null, 2)
  if (!text.includes('\n')) return `  ${name}: ${text}`
  return `  ${name}:\n${text.replace(/^/gm, '    ')}`
}
