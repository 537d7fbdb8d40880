import t from 'tap'
import { clusterRedis, needsRedis } from './redis.ts'
import { redisSuites } from './redis-suites.ts'

t.test('on a Redis Cluster', needsRedis(), async t => redisSuites(t, await clusterRedis(t), 15))
