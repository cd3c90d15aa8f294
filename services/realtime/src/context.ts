// What the doors, the core and the frame handlers get handed; nothing of it is reached in another way.
import type { HashUser, HealthState, Incidents, Logger } from '@cairn/runtime'
import type { AddressReader } from '@cairn/edge'
import type { TokenGuard } from '@cairn/tokens'
import type { RealtimeConfig } from './config.ts'
import type { ConnectionContext } from './core/connection.ts'
import type { ConnectionRegistry } from './core/connection-registry.ts'
import type { HandshakeLimits } from './core/handshake-limits.ts'
import type { LogReader } from './core/log-reader.ts'

export interface RealtimeContext {
  readonly config: RealtimeConfig
  readonly logger: Logger
  readonly incidents: Incidents
  readonly guard: TokenGuard
  readonly health: HealthState
  readonly hashUser: HashUser
  readonly logReader: LogReader
  readonly registry: ConnectionRegistry
  readonly connections: ConnectionContext
  readonly limits: HandshakeLimits
  readonly readAddress: AddressReader
}
