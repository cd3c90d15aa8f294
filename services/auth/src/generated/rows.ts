// The rows of this schema's tables, written from the database by `npm run check -- --write`: a migration changes them, nobody
// else does.

export type DevicePlatform = 'ios' | 'android' | 'web' | 'other'

export type SessionEndReason =
  'logged_out' | 'ended_by_user' | 'reuse_detected' | 'account_deleted' | 'consent_revoked' | 'ended_by_operator'

export type SigningKeyState = 'standby' | 'current' | 'previous' | 'revoked'

export interface AppleGrantsRow {
  readonly user_id: string
  readonly client_id: string
  readonly code_sealed: Buffer | null
  readonly code_expires_at: Date | null
  readonly attempts: number
  readonly next_attempt_at: Date | null
  readonly refresh_token_sealed: Buffer | null
  readonly granted_at: Date | null
}

export interface AppleNotificationsRow {
  readonly id_hash: Buffer
  readonly received_at: Date
}

export interface AppleRevocationsRow {
  readonly id: string
  readonly client_id: string
  readonly token_sealed: Buffer | null
  readonly attempts: number
  readonly next_attempt_at: Date
  readonly expires_at: Date
  readonly code_sealed: Buffer | null
}

export interface DeniedUsersRow {
  readonly user_id: string
  readonly not_after: number
  readonly denied_at: Date
}

export interface IdentitiesRow {
  readonly issuer: string
  readonly team_id: string
  readonly subject: string
  readonly user_id: string
  readonly created_at: Date
}

export interface NoncesRow {
  readonly hash: Buffer
  readonly expires_at: Date
}

export interface OutboxRow {
  readonly id: number
  readonly subject: string
  readonly message_id: string
  readonly payload: string
  readonly created_at: Date
  readonly origin: string | null
}

export interface SessionsRow {
  readonly id: string
  readonly user_id: string
  readonly generation: number
  readonly current_hash: Buffer
  readonly previous_hash: Buffer | null
  readonly successor_sealed: Buffer | null
  readonly rotated_at: Date
  readonly repeats: number
  readonly device_id: string | null
  readonly device_name: string | null
  readonly device_platform: DevicePlatform | null
  readonly created_at: Date
  readonly last_seen_at: Date
  readonly idle_expires_at: Date
  readonly absolute_expires_at: Date
  readonly ended_at: Date | null
  readonly end_reason: SessionEndReason | null
  readonly tokens_from: number
}

export interface SigningKeysRow {
  readonly kid: string
  readonly state: SigningKeyState
  readonly private_key_sealed: Buffer
  readonly public_key: unknown
  readonly created_at: Date
  readonly state_changed_at: Date
}

export interface UsersRow {
  readonly id: string
  readonly is_guest: boolean
  readonly display_name: string | null
  readonly email: string | null
  readonly email_verified: boolean
  readonly created_at: Date
}
