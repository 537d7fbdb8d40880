import { limitName, limits, type ServerInfo, serverFeatures } from '@rendezvous/contract'

/** Says what this server is. */
export type ServerService = ReturnType<typeof serverService>

/** The service. `version` is the release; `listsPeople` says whether `GET /users/` lists anybody. */
export function serverService({ version, listsPeople }: { readonly version: string; readonly listsPeople: boolean }) {
  const info: ServerInfo = Object.freeze({
    name: 'rendezvous',
    version,
    features: serverFeatures.filter(name => name !== 'people_list' || listsPeople),
    limits: Object.fromEntries(Object.entries(limits).map(([key, value]) => [limitName(key), value]))
  })
  return { info: (): ServerInfo => info }
}
