import type { Failure, Listener, Tally } from './results.ts'

/** What tap tells about every failure and no reader needs: how it started the file, and where inside the tool. */
const NOISE = new Set(['at', 'args', 'command', 'cwd', 'externalID', 'isToplevel', 'jobId', 'stdio', 'tapCaught'])

/** A listener that hands `print` one line for each test file, and every failure in full (diff, stack, source) as soon
 *  as it is known. */
export function printer(print: (text: string) => void): Listener {
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
  const told = Object.entries(details).filter(([name, value]) => !NOISE.has(name) && value !== null)
  return [`\nnot ok: ${title}`, ...told.map(([name, value]) => describeDetail(name, value))].join('\n')
}

function describeDetail(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value, null, 2)
  if (!text.includes('\n')) return `  ${name}: ${text}`
  return `  ${name}:\n${text.replace(/^/gm, '    ')}`
}
