import { defineConfig } from 'prisma/config'

/** The paths and the database that Prisma's own tools use. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' }
})
