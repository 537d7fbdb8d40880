/** The import graph of ARCHITECTURE.md as rules. infra/test/graph.test.ts plants a violation of each rule and checks that
 *  it is found. A rule without a planted violation fails there. */
const path = require('node:path')

const SRC = '^(apps|packages)/[^/]+/src/'
const API = '^apps/api/src/'
const GATEWAY = '^apps/gateway/src/'
/** The domains of the api: every folder of it but the kernel and the database. */
const DOMAINS = `${API}(?!kernel/|database/)[a-z]+/`
/** The layers of a domain, by the names of files. All others are its services. */
const ROUTES = `${API}(?!kernel/|database/).+/(route|request-[a-z]+)\\.ts$`
const PORTS = `${API}(?!kernel/|database/).+/port\\.ts$`
const ADAPTERS = `${API}(?!kernel/|database/).+/(adapter|adapter-[a-z]+|rows)\\.ts$`
const OURS = '^(apps|packages|e2e|bench|infra)/'

/** The only files of an app that may construct adapters. */
const COMPOSITION = '^apps/[^/]+/src/(main|index|compose)\\.ts$'

/** A rule of severity `error`. */
const forbid = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to })

module.exports = {
  forbidden: [
    forbid('no-circular', 'There is no import cycle, not even of types only.', {}, { circular: true }),
    forbid('no-unresolvable', 'Every import resolves to a file.', {}, { couldNotResolve: true }),
    forbid(
      'packages-know-no-app',
      'Apps import packages; a package imports no app.',
      { path: '^packages/[^/]+/src/' },
      { path: '^(apps|e2e|bench|infra)/' }
    ),
    forbid(
      'contract-is-a-leaf',
      'The contract defines every shape and imports no other workspace.',
      { path: '^packages/contract/src/' },
      { path: OURS, pathNot: '^packages/contract/src/' }
    ),
    forbid(
      'api-and-gateway-are-separate',
      'The api and the gateway communicate over ports; only standalone and e2e import both.',
      { path: '^apps/(api|gateway)/src/' },
      { path: '^apps/(api|gateway|import|standalone)/', pathNot: '^apps/$1/' }
    ),
    forbid(
      'import-and-standalone-are-separate',
      'What both need is a package, or an export of the api.',
      { path: '^apps/(import|standalone)/' },
      { path: '^apps/(import|standalone)/', pathNot: '^apps/$1/' }
    ),
    forbid(
      'workspaces-import-by-name',
      'A workspace is imported by its name, so that its `exports` decide what others may use.',
      { path: '^(apps|packages)/([^/]+)/' },
      { path: '^(apps|packages)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] }
    ),
    forbid(
      'src-knows-no-test',
      'Shipped code never imports tests.',
      { path: SRC },
      { path: '/test/|^(e2e|bench|infra)/' }
    ),
    forbid(
      'src-needs-no-dev-dependency',
      'Shipped code imports only dependencies that its package.json declares.',
      { path: SRC },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] }
    ),
    forbid(
      'routes-call-services',
      'A route declares, it does not decide: parse, call one service method, answer.',
      { path: ROUTES },
      { path: [ADAPTERS, PORTS, `${API}database/`] }
    ),
    forbid(
      'services-know-ports',
      'A service is a closure over its ports, and knows neither HTTP nor SQL.',
      { path: DOMAINS, pathNot: [ROUTES, PORTS, ADAPTERS] },
      { path: [ROUTES, ADAPTERS, `${API}(database|kernel)/`] }
    ),
    forbid(
      'ports-know-the-contract',
      'A port is a promise: it imports other ports, the contract and the cluster ports.',
      { path: PORTS },
      { path: OURS, pathNot: [PORTS, '^packages/(contract|cluster)/'] }
    ),
    forbid(
      'ports-are-types',
      'A port binds nobody to a library: what it takes from one is a type.',
      { path: PORTS },
      { path: 'node_modules/', dependencyTypesNot: ['type-only'] }
    ),
    forbid(
      'adapters-know-ports',
      'An adapter implements ports on the database. It knows ports, other adapters and the database, no service and no route.',
      { path: ADAPTERS },
      { path: API, pathNot: [ADAPTERS, PORTS, `${API}database/`] }
    ),
    forbid(
      'database-is-the-bottom',
      'The database port and its engines import no feature.',
      { path: `${API}database/` },
      { path: API, pathNot: [`${API}database/`] }
    ),
    forbid(
      'kernel-knows-no-feature',
      'The kernel is the HTTP code that all routes share; it imports no feature.',
      { path: `${API}kernel/` },
      { path: [DOMAINS, `${API}database/`] }
    ),
    forbid(
      'announce-knows-no-domain',
      'What announces changes is the lowest domain: the others hand it envelopes.',
      { path: `${API}announce/` },
      { path: DOMAINS, pathNot: [`${API}announce/`] }
    ),
    forbid(
      'audit-knows-no-domain',
      'What records security events lies beneath the domains that cause them.',
      { path: `${API}audit/` },
      { path: DOMAINS, pathNot: [`${API}audit/`] }
    ),
    forbid(
      'people-know-no-chat',
      'Domains import one another in one direction: gateways, chat, people, announce and audit.',
      { path: `${API}people/` },
      { path: DOMAINS, pathNot: [`${API}(people|announce|audit)/`] }
    ),
    forbid(
      'chat-knows-no-gateway',
      'Domains import one another in one direction: gateways, chat, people, announce and audit.',
      { path: `${API}chat/` },
      { path: DOMAINS, pathNot: [`${API}(chat|people|announce|audit)/`] }
    ),
    forbid(
      'health-knows-no-domain',
      'Whether a node can serve is asked of what lies beneath every domain.',
      { path: `${API}health/` },
      { path: DOMAINS, pathNot: [`${API}health/`] }
    ),
    forbid(
      'only-composition-constructs',
      'Adapters are chosen in compose.ts and main.ts. Every other file is handed ports.',
      { path: SRC, pathNot: [COMPOSITION, ADAPTERS] },
      { path: ADAPTERS }
    ),
    forbid(
      'nobody-imports-main',
      'main.ts is not imported, because that would start an app.',
      { path: SRC },
      { path: '^apps/[^/]+/src/main\\.ts$' }
    ),
    forbid(
      'hub-knows-topics-and-sockets',
      'The hub knows nothing of HTTP, tokens, the api or a connection: of this app its own folder and the timers alone.',
      { path: `${GATEWAY}hub/` },
      {
        path: [GATEWAY, '^packages/(tokens|env|client)/', 'node_modules/(fastify|@fastify)/'],
        pathNot: [`${GATEWAY}hub/`, `${GATEWAY}timers\\.ts$`]
      }
    ),
    forbid(
      'backend-calls-know-no-socket',
      'What calls the api serves every socket of the node and knows none.',
      { path: `${GATEWAY}backend/` },
      { path: GATEWAY, pathNot: [`${GATEWAY}backend/`, `${GATEWAY}timers\\.ts$`] }
    ),
    forbid(
      'presence-knows-no-socket',
      'Presence counts people of this node and knows no socket.',
      { path: `${GATEWAY}presence/` },
      { path: GATEWAY, pathNot: [`${GATEWAY}(presence|backend)/`, `${GATEWAY}timers\\.ts$`] }
    ),
    forbid(
      'rooms-know-the-hub',
      'Rooms stand between the hub and the sockets: they know the hub and the api, no connection.',
      { path: `${GATEWAY}rooms/` },
      { path: GATEWAY, pathNot: [`${GATEWAY}(rooms|hub|backend)/`, `${GATEWAY}timers\\.ts$`] }
    ),
    forbid(
      'commands-know-no-connection',
      'Reading and queueing commands knows the socket only as its sender.',
      { path: `${GATEWAY}commands/` },
      { path: `${GATEWAY}(socket|rooms|hub|presence)/` }
    ),
    forbid(
      'upgrade-opens-no-socket',
      'Admission happens before there is a socket.',
      { path: `${GATEWAY}upgrade/` },
      { path: `${GATEWAY}(socket|commands|rooms|hub|presence)/` }
    )
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^prisma/client' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: path.join(__dirname, 'tsconfig.json') },
    enhancedResolveOptions: {
      // Without exportsFields, imports of other workspaces do not resolve, and no rule between workspaces finds anything.
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json']
    }
  }
}
