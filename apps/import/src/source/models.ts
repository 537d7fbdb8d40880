import type { Source } from './source.ts'

/** A model of the Django project, as `django_content_type` has it. */
export interface Model {
  readonly app: string
  readonly model: string
}

/** Most models that are read; a project has some dozens. */
const MODELS_MAX = 1_000

/** Null when there is no such table. */
const EXISTS = `SELECT to_regclass('django_content_type') AS name`
/** The newest first: a project may have left rows of removed apps. */
const MODELS = `SELECT app_label::text AS app, model::text AS model FROM django_content_type ORDER BY id DESC LIMIT ${MODELS_MAX}`

/** The models of all apps. None when the source has no `django_content_type`. */
export async function modelsOf(source: Source): Promise<Model[]> {
  const [found] = await source.query<{ name: string | null }>(EXISTS)
  return found?.name ? source.query<Model>(MODELS) : []
}

/** The tables that Django gives `wanted`, in every app that has the model: `conversation` or, for a table that belongs
 *  to it, `conversation_participants`. */
export function tablesOf(wanted: readonly string[], models: readonly Model[]): string[] {
  return wanted.flatMap(name =>
    models.filter(({ model }) => model === name.split('_')[0]).map(({ app }) => `${app}_${name}`)
  )
}
