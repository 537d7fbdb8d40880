import { type Bus, ClusterError, memoryBus, type Topic } from '@rendezvous/cluster'
import t, { type Test } from 'tap'
import { type Member, openHub } from '../src/hub.ts'
import { openCluster, publisher, toAlice, toBob } from './gateway.ts'

/** Of a frame with less than 126 bytes. */
const SHORT_HEADER = 2

/** A hub on a memory bus, which notes what is asked of the bus. */
function openNotedHub(t: Test) {
  const cluster = openCluster()
  const asked: string[] = []
  let failing = false
  const hub = openHub({
    openBus: listener => noted(memoryBus(cluster.wire, listener, { node: 'hub' }), asked, () => failing),
    timers: cluster.timers,
    log: () => undefined
  })
  t.teardown(() => hub.close())
  const fail = (yes: boolean) => {
    failing = yes
  }
  return { hub, asked, fail, api: publisher(t, cluster) }
}

function noted(bus: Bus, asked: string[], isFailing: () => boolean): Bus {
  return {
    ...bus,
    async subscribe(topics: readonly Topic[]) {
      asked.push(`+${topics.join()}`)
      if (isFailing()) throw new ClusterError('unreachable', 'no bus')
      await bus.subscribe(topics)
    },
    unsubscribe(topics: readonly Topic[]) {
      asked.push(`-${topics.join()}`)
      return bus.unsubscribe(topics)
    }
  }
}

/** A member that keeps what it gets. */
function member() {
  const got: string[] = []
  let wake = () => {}
  const each: Member = {
    receive(frames) {
      got.push(...frames.map(frame => JSON.parse(frame.bytes.subarray(SHORT_HEADER).toString()).text))
      wake()
    },
    moved: () => undefined,
    control: () => undefined,
    interrupted: () => undefined
  }
  const hears = async (text: string) => {
    while (!got.includes(text))
      await new Promise<void>(resolve => {
        wake = resolve
      })
  }
  return { ...each, got, hears }
}

t.test('a topic is subscribed for the first member, and let go after the last', async t => {
  const { hub, asked } = openNotedHub(t)
  const [one, two] = [member(), member()]
  await Promise.all([hub.join(one, [toAlice]), hub.join(two, [toAlice, toBob])])
  hub.leave(one, [toAlice])
  hub.leave(two, [toAlice, toBob])
  t.same(asked, ['+user:1', '+user:2', '-user:1,user:2'])
})

t.test('joining resolves only when the topic is confirmed, for the second member as well', async t => {
  const { hub, api } = openNotedHub(t)
  const [one, two] = [member(), member()]
  void hub.join(one, [toAlice])
  await hub.join(two, [toAlice])
  await api.tell([toAlice], 'now')
  await Promise.all([one.hears('now'), two.hears('now')])
})

t.test('who comes while the last one leaves is heard', async t => {
  const { hub, asked, api } = openNotedHub(t)
  const [one, two] = [member(), member()]
  const joined = hub.join(one, [toAlice])
  hub.leave(one, [toAlice])
  await hub.join(two, [toAlice])
  await joined
  await api.tell([toAlice], 'now')
  await two.hears('now')
  t.same(one.got, [])
  t.same(asked, ['+user:1', '-user:1', '+user:1'])
})

t.test('coming and going at any pace ends as the last call has it', async t => {
  const { hub, api } = openNotedHub(t)
  const each = member()
  const calls: Promise<void>[] = []
  for (let round = 0; round < 50; round += 1) {
    calls.push(hub.join(each, [toAlice]))
    if (round < 49) hub.leave(each, [toAlice])
  }
  await Promise.all(calls)
  await api.tell([toAlice], 'now')
  await each.hears('now')
  t.same(each.got, ['now'])
})

t.test('a topic that could not be subscribed is asked for again by who joins next', async t => {
  const { hub, asked, fail, api } = openNotedHub(t)
  const [one, two, three] = [member(), member(), member()]
  fail(true)
  const refused = [hub.join(one, [toAlice]), hub.join(two, [toAlice])]
  for (const each of refused) await t.rejects(each, { code: 'unreachable' })

  fail(false)
  await hub.join(three, [toAlice])
  hub.leave(one, [toAlice])
  hub.leave(two, [toAlice])
  await api.tell([toAlice], 'now')
  await three.hears('now')
  t.same(asked, ['+user:1', '+user:1'])
})
