import type { Static, TObject, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { ConfigError, type Problem } from './error.ts'
import { expectation, readText, writeValue } from './variable.ts'

/** The source of variables: `process.env`, or an object in tests. */
export type Env = Readonly<Record<string, string | undefined>>

/** The description of one variable. `default` is written as in the environment, and null if there is none. */
export interface Row {
  readonly name: string
  readonly default: string | null
  readonly description: string
  /** Whether the variable must be set. */
  readonly required: boolean
}

/** The parsed value of a variable, undefined when it was not set, or what is wrong with it. */
type Outcome = { readonly value?: unknown; readonly problem?: Problem }

/**
 * Parses the variables named by the keys of `schema` into its types. The result is frozen. Integers, numbers, booleans
 * (`true`, `false`, `1`, `0`), choices and the items of comma-separated lists are trimmed; strings are not. An empty
 * variable counts as unset. An unset one takes the schema's `default`, or is left out if optional.
 * @throws ConfigError that names every invalid variable and what it must be, never its value.
 * @throws TypeError when the schema has a type that variables cannot have, or a default that it does not allow.
 */
export function parseEnv<Schema extends TObject>(schema: Schema, env: Env): Readonly<Static<Schema>> {
  const outcomes = Object.entries(schema.properties).map(([name, variable]) => ({
    name,
    ...parseVariable(name, variable, env, isRequired(schema, name))
  }))

  const problems = outcomes.flatMap(({ problem }) => problem ?? [])
  if (problems.length > 0) throw new ConfigError(problems)

  const set = outcomes.filter(({ value }) => value !== undefined)
  const config: unknown = Object.fromEntries(set.map(({ name, value }) => [name, Object.freeze(value)]))
  if (!Check(schema, config)) throw new TypeError('a default does not match its schema')
  return Object.freeze(config)
}

/** The descriptions of the variables of `schema`, in its order. */
export function describeEnv(schema: TObject): Row[] {
  return Object.entries(schema.properties).map(([name, variable]) => {
    const preset = presetOf(variable)
    return {
      name,
      default: preset === undefined ? null : writeValue(variable, preset),
      description: 'description' in variable ? String(variable.description) : '',
      required: isRequired(schema, name) && preset === undefined
    }
  })
}

function parseVariable(name: string, schema: TSchema, env: Env, required: boolean): Outcome {
  const mustBe = expectation(schema)
  const text = Object.hasOwn(env, name) ? env[name] : undefined
  if (text !== undefined && text !== '') {
    const value = readText(schema, text)
    return Check(schema, value) ? { value } : { problem: { name, mustBe, missing: false } }
  }

  const value = presetOf(schema)
  return value === undefined && required ? { problem: { name, mustBe, missing: true } } : { value }
}

function isRequired({ required }: TObject, name: string): boolean {
  return required?.includes(name) ?? false
}

function presetOf(schema: TSchema): unknown {
  return 'default' in schema ? structuredClone(schema.default) : undefined
}
