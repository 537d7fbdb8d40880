/** The import graph that ARCHITECTURE.md draws, as rules. infra/test/graph.test.ts plants a violation of each and
 *  proves that it is found; a rule without one fails there. */
const path = require('node:path')

const SRC = '^(apps|packages)/[^/]+/src/'
const API = '^apps/api/src/'
const OURS = '^(apps|packages|e2e|bench|infra)/'

/** Of the files of an app, only these may put it together out of its adapters: see "Only main.ts constructs". */
const COMPOSITION = '^apps/[^/]+/src/(main|index|compose)\\.ts$'

/** A rule that fails the check. */
const forbid = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to })

module.exports = {
  forbidden: [
    forbid('no-circular', 'No import cycle, not of types alone either.', {}, { circular: true }),
    forbid('no-unresolvable', 'Every import leads somewhere.', {}, { couldNotResolve: true }),
    forbid(
      'packages-know-no-app',
      'A package is born when a second app needs it; it never needs an app.',
      { path: '^packages/[^/]+/src/' },
      { path: '^(apps|e2e|bench|infra)/' }
    ),
    forbid(
      'contract-is-a-leaf',
      'The contract is the source of every shape and imports nothing of ours.',
      { path: '^packages/contract/src/' },
      { path: OURS, pathNot: '^packages/contract/src/' }
    ),
    forbid(
      'api-and-gateway-are-strangers',
      'They talk over ports; only standalone and e2e know both.',
      { path: '^apps/(api|gateway)/src/' },
      { path: '^apps/(api|gateway|standalone)/', pathNot: '^apps/$1/' }
    ),
    forbid(
      'workspaces-import-by-name',
      "Another workspace is imported by its name, so that its exports decide what is anybody else's business.",
      { path: '^(apps|packages)/([^/]+)/' },
      { path: '^(apps|packages)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] }
    ),
    forbid(
      'src-knows-no-test',
      'What ships never imports what tests it.',
      { path: SRC },
      { path: '/test/|^(e2e|bench|infra)/' }
    ),
    forbid(
      'src-needs-no-dev-dependency',
      'What ships imports only what its package.json declares as a dependency.',
      { path: SRC },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] }
    ),
    forbid(
      'routes-call-services',
      'A route declares, it does not decide: parse, call one service method, answer.',
      { path: `${API}routes/` },
      { path: `${API}(adapters|ports|database)/` }
    ),
    forbid(
      'services-know-ports',
      'A service is a closure over its ports, and knows neither HTTP nor SQL.',
      { path: `${API}services/` },
      { path: `${API}(adapters|routes|database|kernel)/` }
    ),
    forbid(
      'ports-know-the-contract',
      'A port is a promise: it imports other ports, the contract and the cluster ports.',
      { path: `${API}ports/` },
      { path: OURS, pathNot: [`${API}ports/`, '^packages/(contract|cluster)/'] }
    ),
    forbid(
      'ports-are-types',
      'A port binds nobody to a library: what it takes from one is a type.',
      { path: `${API}ports/` },
      { path: 'node_modules/', dependencyTypesNot: ['type-only'] }
    ),
    forbid(
      'adapters-know-ports',
      'An adapter implements ports on the database; what calls it is not its business.',
      { path: `${API}adapters/` },
      { path: `${API}(services|routes|kernel)/` }
    ),
    forbid(
      'database-is-the-bottom',
      'The database port and its engines know no feature.',
      { path: `${API}database/` },
      { path: `${API}(services|routes|kernel|adapters|ports)/` }
    ),
    forbid(
      'kernel-knows-no-feature',
      'The kernel is HTTP that every route shares.',
      { path: `${API}kernel/` },
      { path: `${API}(routes|adapters|database)/` }
    ),
    forbid(
      'only-composition-constructs',
      'Adapters are chosen in main.ts; everybody else is handed ports.',
      { path: SRC, pathNot: [COMPOSITION, '/adapters/'] },
      { path: '^apps/[^/]+/src/adapters/' }
    ),
    forbid(
      'nobody-imports-main',
      'Importing main.ts would start an app.',
      { path: SRC },
      { path: '^apps/[^/]+/src/main\\.ts$' }
    ),
    forbid(
      'hub-knows-topics-and-sockets',
      'The hub knows nothing of HTTP, tokens, the api or a connection.',
      { path: '^apps/gateway/src/hub\\.ts$' },
      {
        path: [
          '^apps/gateway/src/(app|config|main|upgrade|connection|ports/)',
          '^packages/(tokens|env|client)/',
          'node_modules/(fastify|@fastify)/'
        ]
      }
    )
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^prisma/client' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: path.join(__dirname, 'tsconfig.json') },
    enhancedResolveOptions: {
      // Without exportsFields an import of another workspace resolves to nothing and every rule across workspaces is blind.
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json']
    }
  }
}
