import type { Static, TObject, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { ConfigError, type Problem } from './error.ts'
import { expectation, readText, writeValue } from './variable.ts'

/** Where variables come from: `process.env`, or a test's object. */
export type Env = Readonly<Record<string, string | undefined>>

/** One variable as a person is told of it. `default` is written as in the environment, null for none. */
export interface Row {
  readonly name: string
  readonly default: string | null
  readonly description: string
  /** Whether there is no start without it. */
  readonly required: boolean
}

/** Whether a variable was set, and to what; its problem when that is nothing good. */
type Outcome = { readonly value?: unknown; readonly problem?: Problem }

/**
 * Reads the variables that `schema` names (its keys are the names, letter for letter) into its types, and freezes the result. Integers,
 * numbers, booleans (`true`, `false`, `1`, `0`), choices and the items of comma-separated lists are trimmed, strings are not. Empty
 * counts as unset; unset takes the schema's `default`, and is left out when optional. Other variables are ignored.
 * @throws ConfigError that names every bad variable and what it must be, never its value.
 * @throws TypeError when the schema holds what no variable can be, or a default that it forbids itself.
 */
export function parseEnv<Schema extends TObject>(schema: Schema, env: Env): Readonly<Static<Schema>> {
  const outcomes = Object.entries(schema.properties).map(([name, variable]) => ({
    name,
    ...parseVariable(name, variable, env, isDemanded(schema, name))
  }))

  const problems = outcomes.flatMap(({ problem }) => problem ?? [])
  if (problems.length > 0) throw new ConfigError(problems)

  const set = outcomes.filter(({ value }) => value !== undefined)
  const config: unknown = Object.fromEntries(set.map(({ name, value }) => [name, Object.freeze(value)]))
  if (!Check(schema, config)) throw new TypeError('a default is not what its schema asks for')
  return Object.freeze(config)
}

/** The variables of `schema`, in its order. */
export function describeEnv(schema: TObject): Row[] {
  return Object.entries(schema.properties).map(([name, variable]) => {
    const preset = presetOf(variable)
    return {
      name,
      default: preset === undefined ? null : writeValue(variable, preset),
      description: 'description' in variable ? String(variable.description) : '',
      required: isDemanded(schema, name) && preset === undefined
    }
  })
}

function parseVariable(name: string, schema: TSchema, env: Env, demanded: boolean): Outcome {
  const mustBe = expectation(schema)
  const text = Object.hasOwn(env, name) ? env[name] : undefined
  if (text !== undefined && text !== '') {
    const value = readText(schema, text)
    return Check(schema, value) ? { value } : { problem: { name, mustBe, missing: false } }
  }

  const value = presetOf(schema)
  return value === undefined && demanded ? { problem: { name, mustBe, missing: true } } : { value }
}

function isDemanded({ required }: TObject, name: string): boolean {
  return required?.includes(name) ?? false
}

function presetOf(schema: TSchema): unknown {
  return 'default' in schema ? structuredClone(schema.default) : undefined
}
