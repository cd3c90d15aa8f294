// What every handler of auth is given.
import type { OutboxPublisher } from '@cairn/bus'
import type { HashUser, Logger } from '@cairn/runtime'
import type pg from 'pg'
import type { AppleKeySet } from './apple/apple-key-set.ts'
import type { AuthConfig } from './config.ts'
import type { Keys } from './crypto/derive-key.ts'
import type { AppleCodes } from './jobs/exchange-apple-codes.ts'
import type { KeyKeeper } from './jobs/keep-keys-moving.ts'
import type { AppleRevocations } from './jobs/revoke-apple-grants.ts'

export interface AuthContext {
  readonly config: AuthConfig
  readonly logger: Logger
  readonly hashUser: HashUser
  readonly pool: pg.Pool
  readonly events: OutboxPublisher
  readonly keys: KeyKeeper
  readonly refreshMacKeys: Keys
  readonly apple: { readonly keys: AppleKeySet; readonly codes: AppleCodes; readonly revocations: AppleRevocations }
}
