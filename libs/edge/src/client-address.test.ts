import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { readEnvironment } from '@cairn/runtime'
import { describe, expect, it } from 'vitest'
import { createAddressReader, type ClientAddress } from './client-address.ts'
import { edgeVariables } from './edge-variables.ts'

const proxies = ['10.0.0.0/8', '2001:db8:ffff::/48', '192.0.2.7']

const read = (peer: string | undefined, forwarded?: string, trusted: readonly string[] = proxies): ClientAddress => {
  const headers: IncomingHttpHeaders = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return createAddressReader(trusted)({ headers, socket: { remoteAddress: peer } as Socket })
}

describe('an address', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9', '203.0.113.9'],
    ['::ffff:cb00:7109', '203.0.113.9', '203.0.113.9'],
    ['2001:DB8:0:1:0:0:0:5', '2001:db8:0:1::5', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0::/64'],
    ['::1', '::1', '0:0:0:0::/64'],
  ])('%s is %s, counted as %s', (peer, address, key) => {
    expect(read(peer, undefined, [])).toEqual({ address, key, throughProxy: false })
  })

  it('of a peer that is gone is one for all', () => {
    expect(read(undefined).key).toBe(read('').key)
  })

  it('counts a thousand of one /64 as one, and another /64 as another', () => {
    const keys = Array.from({ length: 1_000 }, (_, n) => read(`2001:db8::${n.toString(16)}`).key)
    expect(new Set(keys).size).toBe(1)
    expect(keys).not.toContain(read('2001:db8:0:1::1').key)
  })
})

describe('x-forwarded-for', () => {
  it('is nothing from a stranger, whatever the list', () => {
    expect(read('203.0.113.9', '1.2.3.4').key).toBe('203.0.113.9')
    expect(read('127.0.0.1', '1.2.3.4', []).key).toBe('127.0.0.1')
    expect(read('127.0.0.1', '1.2.3.4').key).toBe('127.0.0.1')
  })

  it.each([
    ['one hop', '198.51.100.1', '198.51.100.1'],
    ['a forged entry in front', '1.2.3.4, 198.51.100.1', '198.51.100.1'],
    ['two of our proxies', '1.2.3.4, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['a proxy on IPv6', '198.51.100.1,2001:db8:ffff::3', '198.51.100.1'],
    ['a mapped proxy', '198.51.100.1, ::ffff:10.1.1.1', '198.51.100.1'],
    ['nobody but proxies', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['an IPv6 client', '2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['garbage', 'garbage', '10.0.0.1'],
    ['a port', '1.2.3.4:99', '10.0.0.1'],
    ['a shortened IPv4', '127.1', '10.0.0.1'],
    ['a hexadecimal IPv4', '0x7f000001', '10.0.0.1'],
    ['nothing', '', '10.0.0.1'],
    ['garbage where it does not matter', 'garbage, 198.51.100.1', '198.51.100.1'],
    ['5 KB', `${'1.2.3.4, '.repeat(600)}198.51.100.1`, '198.51.100.1'],
  ])('of a trusted proxy with %s', (_what, forwarded, key) => {
    expect(read('10.0.0.1', forwarded)).toMatchObject({ key, throughProxy: true })
  })

  it.each([
    ['::ffff:10.0.0.0/104', '::ffff:10.9.9.9', true],
    ['::ffff:10.0.0.0/104', '11.0.0.1', false],
    ['::ffff:192.0.2.7', '192.0.2.7', true],
  ])('of %s in mapped notation is believed as that of an IPv4 network is: %s', (network, peer, throughProxy) => {
    expect(read(peer, '198.51.100.1', [network])).toMatchObject({ throughProxy })
  })

  it('is walked 32 hops and no further', () => {
    const ours = Array.from({ length: 40 }, (_, n) => `10.0.1.${n}`)
    expect(read('10.0.0.1', `198.51.100.1, ${ours.join(', ')}`).key).toBe('10.0.1.8')
  })

  it('is read anew for every request of a connection', () => {
    const reader = createAddressReader(proxies)
    const socket = { remoteAddress: '10.0.0.1' } as Socket
    const keyOf = (forwarded: string): string => reader({ socket, headers: { 'x-forwarded-for': forwarded } }).key
    expect([keyOf('198.51.100.1'), keyOf('198.51.100.2')]).toEqual(['198.51.100.1', '198.51.100.2'])
  })
})

describe('TRUSTED_PROXIES', () => {
  const trusted = (value: string): readonly string[] =>
    readEnvironment({ proxies: edgeVariables.trustedProxies }, { TRUSTED_PROXIES: value }).proxies

  it('are networks or single addresses; nobody when left out', () => {
    expect(trusted('10.0.0.0/8, ::1,2001:db8::/32')).toEqual(['10.0.0.0/8', '::1', '2001:db8::/32'])
    expect(trusted('')).toEqual([])
  })

  it.each([
    '0.0.0.0/0',
    '::/0',
    '::ffff:0.0.0.0/96',
    '::ffff:10.0.0.0/8',
    '10.0.0.0/33',
    '10.0.0/8',
    'loopback',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '10.0.0.1,',
  ])('%s is refused', value => {
    expect(() => trusted(value)).toThrow('TRUSTED_PROXIES is malformed')
  })
})
