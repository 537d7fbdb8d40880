import { ClusterError } from '@rendezvous/cluster'
import t from 'tap'
import { buildServer } from '../../src/kernel/server.ts'
import { ask } from '../app.ts'

t.test('an error that is thrown', async t => {
  const lines: string[] = []
  const app = buildServer({ logger: { level: 'info', stream: { write: line => lines.push(line) } } })
  t.teardown(() => app.close())
  let thrown: Error | undefined
  app.get('/outage', async () => {
    throw thrown
  })
  app.get('/bug', async () => {
    throw new Error('relation "person" does not exist')
  })

  t.test('outside the contract is answered as internal, and logged without the query', async t => {
    const answer = await ask(app, 'GET', '/bug?token=secret', undefined, {
      'x-request-id': 'mine',
      authorization: 'Bearer secret'
    })
    t.same(answer.body, {
      type: 'urn:rendezvous:error:internal',
      title: 'Internal Server Error',
      status: 500,
      detail: 'A server error occurred.',
      code: 'internal',
      request_id: 'mine'
    })
    t.match(JSON.parse(lines.at(-1) ?? ''), {
      request_id: 'mine',
      err: { message: 'relation "person" does not exist' }
    })
    t.notMatch(lines.join(''), /secret/)
  })

  t.test('because the database or the cluster is unreachable is answered as unavailable', async t => {
    const outages = [
      new ClusterError('unreachable', 'redis'),
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('terminating connection'), { code: '57P01' }),
      Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' }),
      new Error('timeout exceeded when trying to connect')
    ]
    for (const outage of outages) {
      thrown = outage
      t.match(await ask(app, 'GET', '/outage'), {
        status: 503,
        headers: { 'retry-after': '1' },
        body: { code: 'unavailable', detail: 'Service temporarily unavailable, try again later.' }
      })
    }
  })

  t.test('before a route is found is answered with a problem body too', async t => {
    const answer = await ask(app, 'GET', '/%zz?token=secret')
    t.match(answer, {
      status: 400,
      headers: { 'content-type': /^application\/problem\+json/ },
      body: { code: 'bad_url' }
    })
    t.notMatch(lines.join(''), /secret/)
  })
})
