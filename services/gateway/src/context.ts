// What routes and hooks get handed; nothing of it is reached in another way.
import type { Bus } from '@cairn/bus'
import type { HashUser, HealthState, Logger } from '@cairn/runtime'
import type { TokenGuard } from '@cairn/tokens'

export interface GatewayContext {
  readonly bus: Bus
  readonly guard: TokenGuard
  readonly health: HealthState
  readonly logger: Logger
  readonly hashUser: HashUser
  readonly requestTimeoutMs: number
}
