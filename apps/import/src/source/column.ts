import type { Field, Section } from '../mapping.ts'
import type { Table } from './plan.ts'

/** SQL expressions for the columns of a table under `alias`. A column that the source does not have is NULL. */
export function columnsOf<S extends Section>({ columns }: Table<S>, alias: string) {
  const place = (field: Field<S>) => {
    const column = columns.get(field)
    return column === undefined ? null : { sql: `${alias}.${column.name}`, type: column.type }
  }

  return {
    /** The bare column, for comparing and sorting.
     *  @throws Error when the source does not have it */
    key(field: Field<S>): string {
      const column = place(field)
      if (column === null) throw new Error(`the plan has no ${field}`)
      return column.sql
    },
    has: (field: Field<S>): boolean => columns.has(field),
    text(field: Field<S>): string {
      const column = place(field)
      return column === null ? 'NULL::text' : `${column.sql}::text`
    },
    /** A timestamp; NULL for a value such as infinity. */
    time(field: Field<S>): string {
      const column = place(field)
      if (column === null) return 'NULL::timestamptz'
      return `CASE WHEN isfinite(${column.sql}) THEN ${column.sql}::timestamptz END`
    },
    /** Whether a flag is set, or any other column is neither NULL nor empty. */
    flag(field: Field<S>): string {
      const column = place(field)
      if (column === null) return 'NULL::boolean'
      if (column.type === 'boolean') return column.sql
      if (/^(smallint|integer|bigint|numeric)/.test(column.type)) return `${column.sql} <> 0`
      return `coalesce(${column.sql}::text, '') <> ''`
    }
  }
}
