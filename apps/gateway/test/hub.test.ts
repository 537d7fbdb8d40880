import { type Bus, ClusterError, memoryBus, type Topic } from '@rendezvous/cluster'
import t, { type Test } from 'tap'
import { openHub, type Subscriber } from '../src/hub/hub.ts'
import { openCluster, publisher, toAlice, toBob, toCarol } from './gateway.ts'

/** Length of a frame's header when its text is shorter than 126 bytes. */
const SHORT_HEADER = 2

/** A hub on a memory bus, and the calls that it made to the bus. */
function openRecordedHub(t: Test) {
  const cluster = openCluster()
  const asked: string[] = []
  let failing: Failing = false
  const hub = openHub({
    openBus: listener => recorded(memoryBus(cluster.wire, listener, { node: 'hub' }), asked, () => failing),
    timers: cluster.timers,
    log: () => undefined
  })
  t.teardown(() => hub.close())
  const fail = (how: Failing) => {
    failing = how
  }
  return { hub, asked, fail, api: publisher(t, cluster) }
}

/** Whether subscribing is refused: before it took effect (true), or afterwards. */
type Failing = boolean | 'afterwards'

function recorded(bus: Bus, asked: string[], failing: () => Failing): Bus {
  return {
    ...bus,
    async subscribe(topics: readonly Topic[]) {
      asked.push(`+${topics.join()}`)
      const how = failing()
      if (how !== true) await bus.subscribe(topics)
      if (how !== false) throw new ClusterError('unreachable', 'no bus')
    },
    unsubscribe(topics: readonly Topic[]) {
      asked.push(`-${topics.join()}`)
      return bus.unsubscribe(topics)
    }
  }
}

/** A subscriber that keeps the texts it gets. */
function subscriber() {
  const got: string[] = []
  let wake = () => {}
  const each: Subscriber = {
    receive(frames) {
      got.push(...frames.map(frame => JSON.parse(frame.bytes.subarray(SHORT_HEADER).toString()).text))
      wake()
    },
    membersChanged: () => undefined,
    control: () => undefined,
    onInterruption: () => undefined
  }
  const hears = async (text: string) => {
    while (!got.includes(text))
      await new Promise<void>(resolve => {
        wake = resolve
      })
  }
  return { ...each, got, hears }
}

t.test('a topic is subscribed for its first subscriber, and unsubscribed after its last', async t => {
  const { hub, asked } = openRecordedHub(t)
  const [one, two] = [subscriber(), subscriber()]
  await Promise.all([hub.join(one, [toAlice]), hub.join(two, [toAlice, toBob])])
  hub.leave(one, [toAlice])
  hub.leave(two, [toAlice, toBob])
  t.same(asked, ['+user:1', '+user:2', '-user:1,user:2'])
})

t.test('joining resolves only when the topic is confirmed, for a second subscriber as well', async t => {
  const { hub, api } = openRecordedHub(t)
  const [one, two] = [subscriber(), subscriber()]
  void hub.join(one, [toAlice])
  await hub.join(two, [toAlice])
  await api.tell([toAlice], 'now')
  await Promise.all([one.hears('now'), two.hears('now')])
})

t.test('a subscriber that joins while the last one leaves gets messages', async t => {
  const { hub, asked, api } = openRecordedHub(t)
  const [one, two] = [subscriber(), subscriber()]
  const joined = hub.join(one, [toAlice])
  hub.leave(one, [toAlice])
  await hub.join(two, [toAlice])
  await joined
  await api.tell([toAlice], 'now')
  await two.hears('now')
  t.same(one.got, [])
  t.same(asked, ['+user:1', '-user:1', '+user:1'])
})

t.test('joining and leaving at any pace ends in the state of the last call', async t => {
  const { hub, api } = openRecordedHub(t)
  const each = subscriber()
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

t.test('a topic that could not be subscribed is subscribed again by the next join', async t => {
  const { hub, asked, fail, api } = openRecordedHub(t)
  const [one, two, three] = [subscriber(), subscriber(), subscriber()]
  fail(true)
  const refused = [hub.join(one, [toAlice]), hub.join(two, [toAlice])]
  for (const each of refused) await t.rejects(each, { code: 'unreachable' })

  fail(false)
  await hub.join(three, [toAlice])
  hub.leave(one, [toAlice])
  hub.leave(two, [toAlice])
  await api.tell([toAlice], 'now')
  await three.hears('now')
  t.same(asked, ['+user:1', '-user:1', '+user:1'])
})

t.test('a refused subscription that took effect is ended, once', async t => {
  const { hub, asked, fail } = openRecordedHub(t)
  const [one, two] = [subscriber(), subscriber()]
  await hub.join(two, [toBob])
  fail('afterwards')
  const refused = [hub.join(one, [toAlice, toCarol]), hub.join(two, [toAlice, toBob])]
  for (const each of refused) await t.rejects(each, { code: 'unreachable' })

  t.same(asked, ['+user:2', '+user:1,user:3', '-user:1,user:3'])
  hub.leave(one, [toAlice, toCarol])
  hub.leave(two, [toAlice, toBob])
  t.same(asked.slice(3), ['-user:2'])
})
