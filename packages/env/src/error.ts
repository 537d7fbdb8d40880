/** One bad variable: its name, what it must be, and whether it was not set at all. Never its value. */
export interface Problem {
  readonly name: string
  readonly mustBe: string
  readonly missing: boolean
}

/** The environment cannot be used. The message names every bad variable on a line of its own. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(
      ({ name, mustBe, missing }) => `${name}${missing ? ' is not set; it' : ''} must be ${mustBe}`
    )
    super(['the environment cannot be used:', ...lines].join('\n  '))
    this.name = 'ConfigError'
    this.problems = problems
  }
}
