/** An invalid or missing variable: its name and what it must be. It never holds the value. */
export interface Problem {
  readonly name: string
  readonly mustBe: string
  readonly missing: boolean
}

/** The environment is invalid. The message names every invalid variable on a line of its own. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(
      ({ name, mustBe, missing }) => `${name}${missing ? ' is not set; it' : ''} must be ${mustBe}`
    )
    super(['the environment is invalid:', ...lines].join('\n  '))
    this.name = 'ConfigError'
    this.problems = problems
  }
}
