// The ways that apps have into a fleet: one balancer before the gateways, and a network for each phone to the realtime nodes.
import { randomUUID } from 'node:crypto'
import type { Fleet } from '../fleet.ts'
import { openNetwork, type Network } from './network.ts'
import { PatientApi } from './patient-api.ts'
import { Phone } from './phone.ts'
import { watchReadiness } from './readiness.ts'
import { signInWithApple } from './sign-in.ts'

export interface Entrance {
  readonly api: PatientApi
  readonly gateway: Network
  openPhoneNetwork(): Promise<Network>
  close(): Promise<void>
}

export const openEntrance = async (fleet: Fleet): Promise<Entrance> => {
  const gateways = watchReadiness(fleet.of('gateway'))
  const nodes = watchReadiness(fleet.of('realtime'))
  const gateway = await openNetwork({ nodes: () => gateways.ports(), sticky: false })
  const networks = [gateway]
  return {
    api: new PatientApi(gateway.url),
    gateway,
    openPhoneNetwork: async () => {
      const network = await openNetwork({ nodes: () => nodes.ports(), sticky: true })
      networks.push(network)
      return network
    },
    close: async () => {
      gateways.stop()
      nodes.stop()
      await Promise.all(networks.map(network => network.close()))
    },
  }
}

/** The two phones of one person, each with a session of its own. */
export const openPhones = async (fleet: Fleet, entrance: Entrance): Promise<readonly [Phone, Phone]> => {
  const { api, gateway } = entrance
  const sub = randomUUID()
  const open = async (): Promise<Phone> => {
    const session = await signInWithApple(api, fleet.apple.issuer, sub)
    const network = await entrance.openPhoneNetwork()
    return new Phone({ door: 'plain WebSocket', gatewayUrl: gateway.url, network, session, fetch: api.fetch })
  }
  return [await open(), await open()]
}
