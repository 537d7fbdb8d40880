import fc from 'fast-check'
import t from 'tap'
import { framesOf, type SocketDocument } from './frame.ts'
import { castAt } from './people.ts'
import { eachOf, RUNS, report, SEED, startGenerous } from './run.ts'
import { talker } from './talker.ts'

/** Of every actor, in either dialect. */
const DIALECTS = [['rendezvous.v1'], []]

t.setTimeout(600_000)

t.test('frames made of the document, good and bad, get one answer each', async t => {
  const url = await startGenerous(t)
  const cast = await castAt(url)
  const document = (await (await fetch(`${url}/asyncapi.json`)).json()) as SocketDocument
  const makers = fc.sample(framesOf(document, cast), { seed: SEED, numRuns: RUNS })
  const frames = makers.map((make, place) => make(place))
  const found: string[] = []
  let carriedOut = 0
  const sockets = cast.actors.flatMap(({ access }) =>
    DIALECTS.map(dialect => ({ address: `${url.replace('http', 'ws')}/ws/chat?token=${access}`, dialect }))
  )

  const share = Math.ceil(frames.length / sockets.length)
  await eachOf([...sockets.entries()], sockets.length, async ([n, { address, dialect }]) => {
    const talking = await talker(address, dialect, found)
    await talking.say(frames.slice(n * share, (n + 1) * share))
    await talking.close()
    carriedOut += talking.carriedOut()
  })

  const formed = frames.filter(({ isBroken }) => !isBroken).length
  t.comment(`${formed} are well-formed, ${carriedOut} were carried out`)
  t.ok(carriedOut > RUNS / 20, 'a good part of them is carried out')
  report(t, found)
})
