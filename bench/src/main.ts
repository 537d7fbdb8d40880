import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, platform } from 'node:os'
import { placesOf } from '../../infra/scripts/postgres.ts'
import { deliveries } from './measures/deliveries.ts'
import { handshakes } from './measures/handshakes.ts'
import { memory } from './measures/memory.ts'
import { sends } from './measures/sends.ts'
import { type Options, readOptions, type Topic, USAGE } from './options.ts'
import { full, type Plan, quick } from './plan.ts'
import { type Figure, linesOf, type Report } from './report.ts'
import { openStage, type Stage } from './stage.ts'

/** What measures each topic. */
const measures: Record<Topic, (stage: Stage, plan: Plan) => Promise<Figure[]>> = {
  deliveries,
  sends: (stage, plan) => sends(stage, plan, placesOf(process.env)),
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

/** Measures what is asked for, one after the other, and prints each figure when it is there. */
async function run(options: Options): Promise<void> {
  const machine = `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}, ${platform()}, Node ${process.version}`
  print(`${machine}${options.quick ? '; a smoke run, whose figures mean nothing' : ''}`)
  const figures: Figure[] = []
  const missing: string[] = []
  const stage = await openStage(options.profile)
  for (const topic of options.only) {
    try {
      const found = await measures[topic](stage, options.quick ? quick : full)
      for (const each of found) print(linesOf(each))
      figures.push(...found)
    } catch (error) {
      missing.push(`${topic}: ${error instanceof Error ? error.message : String(error)}`)
      print(`not measured: ${missing.at(-1)}`)
    } finally {
      await stage.clear()
    }
  }
  await stage.close()
  const report: Report = { at: new Date().toISOString(), machine, quick: options.quick, figures, missing }
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
  if (missing.length > 0) process.exitCode = 1
}
