// What a value may be is said by the database too: kinds are enums, bounds are constraints. Rows of the outbox know their age,
// and guests can be walked through by theirs. Rewrites the sessions once; there is no release with many of them.
import type { Knex } from 'knex'

const kinds = `
CREATE TYPE auth.device_platform AS ENUM ('ios', 'android', 'web', 'other');
CREATE TYPE auth.session_end_reason AS ENUM (
  'logged_out', 'ended_by_user', 'reuse_detected', 'account_deleted', 'consent_revoked'
);
CREATE TYPE auth.signing_key_state AS ENUM ('standby', 'current', 'previous', 'revoked');

DROP INDEX auth.signing_keys_one_current;
ALTER TABLE auth.signing_keys DROP CONSTRAINT signing_keys_state_check,
  ALTER COLUMN state TYPE auth.signing_key_state USING state::auth.signing_key_state;
CREATE UNIQUE INDEX signing_keys_one_current ON auth.signing_keys (state) WHERE state = 'current';

ALTER TABLE auth.sessions
  ALTER COLUMN device_platform TYPE auth.device_platform USING device_platform::auth.device_platform,
  ALTER COLUMN end_reason TYPE auth.session_end_reason USING end_reason::auth.session_end_reason;
`

const bounds = `
ALTER TABLE auth.sessions
  ADD CONSTRAINT sessions_generation_not_negative CHECK (generation >= 0),
  ADD CONSTRAINT sessions_repeats_not_negative CHECK (repeats >= 0),
  ADD CONSTRAINT sessions_tokens_from_not_negative CHECK (tokens_from >= 0),
  ADD CONSTRAINT sessions_hashes_are_sha256 CHECK (octet_length(current_hash) = 32 AND octet_length(previous_hash) = 32),
  ADD CONSTRAINT sessions_previous_is_whole CHECK (num_nulls(previous_hash, successor_sealed) IN (0, 2)),
  ADD CONSTRAINT sessions_end_is_whole CHECK (num_nulls(ended_at, end_reason) IN (0, 2)),
  ADD CONSTRAINT sessions_device_id_length CHECK (char_length(device_id) BETWEEN 1 AND 128),
  ADD CONSTRAINT sessions_device_name_length CHECK (char_length(device_name) BETWEEN 1 AND 128);
ALTER TABLE auth.users
  ADD CONSTRAINT users_display_name_length CHECK (char_length(display_name) BETWEEN 1 AND 128);
ALTER TABLE auth.nonces ADD CONSTRAINT nonces_hash_is_sha256 CHECK (octet_length(hash) = 32);
ALTER TABLE auth.apple_notifications ADD CONSTRAINT apple_notifications_id_hash_is_sha256 CHECK (octet_length(id_hash) = 32);
ALTER TABLE auth.denied_users ADD CONSTRAINT denied_users_not_after_from_1970 CHECK (not_after >= 0);
ALTER TABLE auth.signing_keys ADD CONSTRAINT signing_keys_public_key_is_object CHECK (jsonb_typeof(public_key) = 'object');
ALTER TABLE auth.apple_grants ADD CONSTRAINT apple_grants_attempts_not_negative CHECK (attempts >= 0);
ALTER TABLE auth.apple_revocations ADD CONSTRAINT apple_revocations_attempts_not_negative CHECK (attempts >= 0);
`

const ages = `
ALTER TABLE auth.outbox ADD COLUMN created_at timestamptz(3) NOT NULL DEFAULT now();
CREATE INDEX users_guests ON auth.users (created_at, id) WHERE is_guest;
`

export const up = async (knex: Knex): Promise<void> => {
  for (const statements of [kinds, bounds, ages]) await knex.raw(statements)
}
