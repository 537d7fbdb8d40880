import { commands } from '@rendezvous/contract'
import fc from 'fast-check'
import t from 'tap'
import { checkedFetch } from '../contract/checked.ts'
import { createFuzzFixtures } from './fixtures.ts'
import { framesOf, type SocketDocument } from './frame.ts'
import { ENOUGH, forEach, RUNS, report, SEED, startUnlimited } from './run.ts'
import { openFuzzSocket } from './socket.ts'

/** The subprotocols of the two dialects. */
const DIALECTS = [['rendezvous.v1'], []]

t.setTimeout(600_000)

t.test('valid and invalid frames generated from the document get one answer each', async t => {
  const url = await startUnlimited(t)
  const fixtures = await createFuzzFixtures(url)
  const document = (await (await checkedFetch(`${url}/asyncapi.json`)).json()) as SocketDocument
  const makers = fc.sample(framesOf(document, fixtures), { seed: SEED, numRuns: RUNS })
  const frames = makers.map((make, place) => make(place))
  const found: string[] = []
  const acknowledged = new Map<unknown, number>()
  const sockets = fixtures.actors.flatMap(({ access }) =>
    DIALECTS.map(dialect => ({ address: `${url.replace('http', 'ws')}/ws/chat?token=${access}`, dialect }))
  )

  const share = Math.ceil(frames.length / sockets.length)
  await forEach([...sockets.entries()], sockets.length, async ([n, { address, dialect }]) => {
    const socket = await openFuzzSocket(address, dialect, found)
    await socket.send(frames.slice(n * share, (n + 1) * share))
    await socket.close()
    for (const [type, times] of socket.acknowledged) acknowledged.set(type, (acknowledged.get(type) ?? 0) + times)
  })

  const valid = frames.filter(({ isBroken }) => !isBroken).length
  t.comment(
    `${valid} frames are well-formed; acknowledged by type: ${JSON.stringify(Object.fromEntries(acknowledged))}`
  )
  const neverAcknowledged = Object.keys(commands).filter(type => !acknowledged.has(type))
  t.same(RUNS < ENOUGH ? [] : neverAcknowledged, [], 'every command is acknowledged at least once')
  report(t, found)
})
