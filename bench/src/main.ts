import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, platform } from 'node:os'
import { placesOf } from '../../infra/scripts/postgres.ts'
import { delay } from './measures/delay.ts'
import { deliveries } from './measures/deliveries.ts'
import { dialects } from './measures/dialects.ts'
import { handshakes } from './measures/handshakes.ts'
import { memory } from './measures/memory.ts'
import { sends } from './measures/sends.ts'
import { type Options, readOptions, type Topic, USAGE } from './options.ts'
import { full, type Plan, quick } from './plan.ts'
import { openProcesses, type Processes } from './processes.ts'
import { type Figure, linesOf, type Report } from './report.ts'

/** The measurement of each topic. */
const measures: Record<Topic, (processes: Processes, plan: Plan) => Promise<Figure[]>> = {
  deliveries,
  dialects: (processes, plan) => dialects(processes, plan, placesOf(process.env)),
  sends: (processes, plan) => sends(processes, plan, placesOf(process.env)),
  delay: (processes, plan) => delay(processes, plan, placesOf(process.env)),
  memory,
  handshake: handshakes
}

const print = (line: string) => process.stdout.write(`${line}\n`)

try {
  await run(readOptions(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  process.stderr.write(`${error.message}\n${USAGE}\n`)
  process.exitCode = 2
}

/** Measures the chosen topics one after the other, and prints each figure as soon as it is known. */
async function run(options: Options): Promise<void> {
  const machine = `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}, ${platform()}, Node ${process.version}`
  print(`${machine}${options.quick ? '; a smoke run, whose figures mean nothing' : ''}`)
  const figures: Figure[] = []
  const missing: string[] = []
  const processes = await openProcesses(options.profile)
  for (const topic of options.only) {
    try {
      const found = await measures[topic](processes, options.quick ? quick : full)
      for (const each of found) print(linesOf(each))
      figures.push(...found)
    } catch (error) {
      missing.push(`${topic}: ${error instanceof Error ? error.message : String(error)}`)
      print(`not measured: ${missing.at(-1)}`)
    } finally {
      await processes.clear()
    }
  }
  await processes.close()
  const report: Report = { at: new Date().toISOString(), machine, quick: options.quick, figures, missing }
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
  if (missing.length > 0) process.exitCode = 1
}
