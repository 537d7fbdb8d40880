import t from 'tap'
import { needsRedis, singleRedis } from './redis.ts'
import { redisSuites } from './redis-suites.ts'

t.test('on a single Redis', needsRedis(), async t => redisSuites(t, await singleRedis(t), 100))
