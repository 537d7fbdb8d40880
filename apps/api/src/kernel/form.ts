/** The fields of a urlencoded or multipart body, in which every value is text and a name may come more than once. */
export class FormBody {
  readonly #values = new Map<string, string[]>()

  /** `ids[]` and `ids[0]` are ways to write `ids` more than once. */
  add(name: string, value: string): void {
    const plain = name.replace(/\[\d*\]$/, '')
    const values = this.#values.get(plain)
    if (values === undefined) this.#values.set(plain, [value])
    else values.push(value)
  }

  /** The field's text, or a list of texts when its name came more than once. */
  entries(): [string, string | string[]][] {
    return [...this.#values].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values])
  }
}
