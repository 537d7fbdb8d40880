import { commands } from '@rendezvous/contract'
import fc from 'fast-check'
import t from 'tap'
import { witnessedFetch } from '../contract/witness.ts'
import { framesOf, type SocketDocument } from './frame.ts'
import { castAt } from './people.ts'
import { ENOUGH, eachOf, RUNS, report, SEED, startGenerous } from './run.ts'
import { talker } from './talker.ts'

/** Of every actor, in either dialect. */
const DIALECTS = [['rendezvous.v1'], []]

t.setTimeout(600_000)

t.test('frames made of the document, good and bad, get one answer each', async t => {
  const url = await startGenerous(t)
  const cast = await castAt(url)
  const document = (await (await witnessedFetch(`${url}/asyncapi.json`)).json()) as SocketDocument
  const makers = fc.sample(framesOf(document, cast), { seed: SEED, numRuns: RUNS })
  const frames = makers.map((make, place) => make(place))
  const found: string[] = []
  const carriedOut = new Map<unknown, number>()
  const sockets = cast.actors.flatMap(({ access }) =>
    DIALECTS.map(dialect => ({ address: `${url.replace('http', 'ws')}/ws/chat?token=${access}`, dialect }))
  )

  const share = Math.ceil(frames.length / sockets.length)
  await eachOf([...sockets.entries()], sockets.length, async ([n, { address, dialect }]) => {
    const talking = await talker(address, dialect, found)
    await talking.say(frames.slice(n * share, (n + 1) * share))
    await talking.close()
    for (const [type, times] of talking.carriedOut) carriedOut.set(type, (carriedOut.get(type) ?? 0) + times)
  })

  const formed = frames.filter(({ isBroken }) => !isBroken).length
  t.comment(`${formed} are well-formed, carried out were ${JSON.stringify(Object.fromEntries(carriedOut))}`)
  const shallow = Object.keys(commands).filter(type => !carriedOut.has(type))
  t.same(RUNS < ENOUGH ? [] : shallow, [], 'every command is carried out at times')
  report(t, found)
})
