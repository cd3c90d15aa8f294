// Whose address a request comes from. `x-forwarded-for` counts only as far as it was written by proxies on the list: it is read
// from the right, and what stands left of the first stranger is what that stranger claimed.
import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { Variable } from '@cairn/runtime'
import ipaddr from 'ipaddr.js'

export interface ClientAddress {
  /** Canonical: `203.0.113.9`, never `::ffff:203.0.113.9`; IPv6 in its short form, without a zone. */
  readonly address: string
  /** What limits count by: an IPv4 address, or the /64 that an IPv6 address is in, since one customer has all of it. */
  readonly key: string
  /** The request was handed over by a trusted proxy. */
  readonly throughProxy: boolean
}

/** Only `socket` and `headers` are looked at, so it fits upgrade requests too. */
export type AddressReader = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => ClientAddress

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Network = [Address, number]

/** More hops than any real chain has; a longer list is not walked to its end. */
const mostHops = 32

const parseAddress = (text: string): Address | undefined => {
  // First Node's strict reading: the library also takes `127.1` and `0x7f000001`.
  if (isIP(text) === 0) return undefined
  return ipaddr.process(text)
}

/** A network of mapped addresses is one of IPv4, as the addresses in it are. */
const unmapped = (address: Address, prefix: number): Network => {
  const mapped = address.kind() === 'ipv6' ? (address as ipaddr.IPv6) : undefined
  return mapped?.isIPv4MappedAddress() === true ? [mapped.toIPv4Address(), prefix - 96] : [address, prefix]
}

/** A network, or one address; undefined when it is neither, or is everybody. */
const parseNetwork = (text: string): Network | undefined => {
  const [address = '', bits, ...rest] = text.split('/')
  const parsed = isIP(address) === 0 || rest.length > 0 ? undefined : ipaddr.parse(address)
  if (parsed === undefined) return undefined
  const longest = parsed.kind() === 'ipv4' ? 32 : 128
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return undefined
  const prefix = bits === undefined ? longest : Number(bits)
  const network = unmapped(parsed, prefix)
  return network[1] >= 1 && prefix <= longest ? network : undefined
}

export const proxiesVariable = (
  name: string,
  about: { fallback: readonly string[]; description: string },
): Variable<readonly string[]> => ({
  name,
  description: about.description,
  fallback: about.fallback,
  secret: false,
  expects: 'a comma-separated list of networks such as 10.0.0.0/8, none of them everybody (/0)',
  parse: text => {
    const entries = text.split(',').map(entry => entry.trim())
    return entries.every(entry => parseNetwork(entry) !== undefined) ? Object.freeze(entries) : undefined
  },
})

const keyOf = (address: Address, text: string): string =>
  address.kind() === 'ipv4'
    ? text
    : `${(address as ipaddr.IPv6).parts
        .slice(0, 4)
        .map(part => part.toString(16))
        .join(':')}::/64`

const withoutZone = (address: Address): string => address.toString().split('%', 1)[0] ?? ''

const described = (address: Address, throughProxy: boolean): ClientAddress => {
  const text = withoutZone(address)
  return { address: text, key: keyOf(address, text), throughProxy }
}

/** A peer that went away has no address any more; all of those are one. */
const nowhere: ClientAddress = { address: '0.0.0.0', key: '0.0.0.0', throughProxy: false }

/** `trustedProxies` as `TRUSTED_PROXIES` was read. */
export const createAddressReader = (trustedProxies: readonly string[]): AddressReader => {
  const networks = trustedProxies.map(parseNetwork).filter(network => network !== undefined)
  const isTrusted = (address: Address): boolean =>
    networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
  const peers = new WeakMap<Socket, ClientAddress>()

  const readPeer = (socket: Socket): ClientAddress | undefined => {
    const known = peers.get(socket)
    if (known !== undefined) return known
    const address = parseAddress(socket.remoteAddress ?? '')
    if (address === undefined) return undefined
    const peer = described(address, isTrusted(address))
    peers.set(socket, peer)
    return peer
  }

  return ({ headers, socket }) => {
    const peer = readPeer(socket)
    if (peer === undefined) return nowhere
    const given = headers['x-forwarded-for']
    if (!peer.throughProxy || given === undefined) return peer
    const hops = (Array.isArray(given) ? given.join(',') : given).split(',')
    let client: Address | undefined
    for (const hop of hops.slice(-mostHops).toReversed()) {
      const address = parseAddress(hop.trim())
      // Not even the nearest proxy's word can be made sense of: what is certain is who it came from.
      if (address === undefined) return peer
      client = address
      if (!isTrusted(address)) break
    }
    return client === undefined ? peer : described(client, true)
  }
}
