// What routes and hooks get handed; nothing of it is reached in another way.
import type { AddressReader } from '@cairn/edge'
import type { HashUser, HealthState, Incidents, Logger } from '@cairn/runtime'
import type { TokenGuard } from '@cairn/tokens'
import type { Ask } from './http/owners.ts'
import type { GatewayLimits } from './limits/gateway-limits.ts'

export interface GatewayContext {
  readonly ask: Ask
  readonly guard: TokenGuard
  readonly health: HealthState
  readonly logger: Logger
  readonly incidents: Incidents
  readonly hashUser: HashUser
  readonly limits: GatewayLimits
  readonly addressOf: AddressReader
}
