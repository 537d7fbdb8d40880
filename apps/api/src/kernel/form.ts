/** The fields of a urlencoded or multipart body. Every value is text, and a name may occur more than once. */
export class FormBody {
  readonly #values = new Map<string, string[]>()

  /** Adds a value. `ids[]` and `ids[0]` add to `ids`. */
  add(name: string, value: string): void {
    const plain = name.replace(/\[\d*\]$/, '')
    const values = this.#values.get(plain)
    if (values === undefined) this.#values.set(plain, [value])
    else values.push(value)
  }

  /** Each field's name with its text, or with a list of texts when the name occurred more than once. */
  entries(): [string, string | string[]][] {
    return [...this.#values].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values])
  }
}
