import t from 'tap'
import { networkOf } from '../src/network.ts'

t.test('the network of an IPv4 address is the address, in every notation', async t => {
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:192.0.2.1', '0:0:0:0:0:ffff:192.0.2.1']) {
    t.equal(networkOf(address), '192.0.2.1', address)
  }
})

t.test('the network of an IPv6 address is its /64, in every notation', async t => {
  for (const address of [
    '2001:db8::1',
    '2001:DB8::ffff:1',
    '2001:0db8:0000:0000:1:2:3:4',
    '2001:db8:0:0::',
    '2001:db8::192.0.2.1'
  ]) {
    t.equal(networkOf(address), '2001:db8:0:0::/64', address)
  }
  t.equal(networkOf('2001:db8:0:1::1'), '2001:db8:0:1::/64')
  t.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64')
  t.equal(networkOf('::1'), '0:0:0:0::/64')
  t.equal(networkOf('1:2:3:4:5:6:7::'), '1:2:3:4::/64')
})

t.test('a text that is not an address is returned, cut to 45 characters', async t => {
  t.equal(networkOf(undefined), '')
  t.equal(networkOf(''), '')
  t.equal(networkOf('unknown'), 'unknown')
  t.equal(networkOf(':'.repeat(100)), ':'.repeat(45))
  t.equal(networkOf('x'.repeat(100)), 'x'.repeat(45))
})
