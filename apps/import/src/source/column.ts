import type { Field, Section } from '../mapping.ts'
import type { Table } from './plan.ts'

/** SQL that reads columns of a table under an alias; NULL for those that are not there. */
export function columnsOf<S extends Section>({ columns }: Table<S>, alias: string) {
  const place = (field: Field<S>) => {
    const column = columns.get(field)
    return column === undefined ? null : { sql: `${alias}.${column.name}`, type: column.type }
  }

  return {
    /** As it is, for comparing and sorting. @throws when the plan was made without it. */
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
    /** Null for what is no moment, such as infinity. */
    time(field: Field<S>): string {
      const column = place(field)
      if (column === null) return 'NULL::timestamptz'
      return `CASE WHEN isfinite(${column.sql}) THEN ${column.sql}::timestamptz END`
    },
    /** Of a flag, whether it is set; of anything else, whether there is something. Null when unknown. */
    flag(field: Field<S>): string {
      const column = place(field)
      if (column === null) return 'NULL::boolean'
      if (column.type === 'boolean') return column.sql
      if (/^(smallint|integer|bigint|numeric)/.test(column.type)) return `${column.sql} <> 0`
      return `coalesce(${column.sql}::text, '') <> ''`
    }
  }
}
