import { readFile } from 'node:fs/promises'
import t from 'tap'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>
}

const read = async <T>(path: string): Promise<T> =>
  JSON.parse(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8'))

t.test('the generator is of the same release as the client that it makes', async t => {
  const api = await read<{ dependencies: Record<string, string> }>('apps/api/package.json')
  const generator = await read<{ dependencies: Record<string, string> }>('infra/generator/package.json')
  t.equal(generator.dependencies.prisma, api.dependencies['@prisma/client'])
  const { packages } = await read<Lock>('infra/generator/package-lock.json')
  t.equal(packages['node_modules/prisma']?.version, generator.dependencies.prisma)
})

t.test('an installation of the product has no generator, which is larger than all the rest', async t => {
  const { packages } = await read<Lock>('package-lock.json')
  t.ok('node_modules/@prisma/client' in packages)
  for (const name of ['prisma', '@prisma/engines', '@prisma/dev', 'effect'])
    t.notOk(
      Object.keys(packages).some(path => path.endsWith(`node_modules/${name}`)),
      name
    )
})
