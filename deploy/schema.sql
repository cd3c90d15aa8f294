-- The whole schema, written from the system catalogues by `npm run check -- --write`, for people to read and for changes to be
-- seen in. A database is made by the migrations (npm run migrate), never from this file.

CREATE SCHEMA auth;
CREATE SCHEMA progress;

CREATE TYPE auth.device_platform AS ENUM ('ios', 'android', 'web', 'other');
CREATE TYPE auth.session_end_reason AS ENUM ('logged_out', 'ended_by_user', 'reuse_detected', 'account_deleted', 'consent_revoked', 'ended_by_operator');
CREATE TYPE auth.signing_key_state AS ENUM ('standby', 'current', 'previous', 'revoked');
CREATE TYPE progress.event_kind AS ENUM ('started', 'advanced', 'completed', 'practiced', 'reset');
CREATE TYPE progress.item_status AS ENUM ('not_started', 'in_progress', 'completed');

CREATE TABLE auth.apple_grants (
  user_id uuid NOT NULL,
  client_id text NOT NULL,
  code_sealed bytea,
  code_expires_at timestamp with time zone,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamp with time zone,
  refresh_token_sealed bytea,
  granted_at timestamp with time zone,
  CONSTRAINT apple_grants_attempts_not_negative CHECK (attempts >= 0),
  CONSTRAINT apple_grants_code_is_whole CHECK (num_nulls(code_sealed, code_expires_at, next_attempt_at) = ANY (ARRAY[0, 3])),
  CONSTRAINT apple_grants_pkey PRIMARY KEY (user_id, client_id),
  CONSTRAINT apple_grants_token_is_whole CHECK (num_nulls(refresh_token_sealed, granted_at) = ANY (ARRAY[0, 2]))
);
CREATE INDEX apple_grants_code_expires_at ON auth.apple_grants USING btree (code_expires_at) WHERE (code_sealed IS NOT NULL);
CREATE INDEX apple_grants_next_attempt_at ON auth.apple_grants USING btree (next_attempt_at) WHERE (code_sealed IS NOT NULL);

CREATE TABLE auth.apple_notifications (
  id_hash bytea NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT apple_notifications_id_hash_is_sha256 CHECK (octet_length(id_hash) = 32),
  CONSTRAINT apple_notifications_pkey PRIMARY KEY (id_hash)
);
CREATE INDEX apple_notifications_received_at ON auth.apple_notifications USING btree (received_at);

CREATE TABLE auth.apple_revocations (
  id uuid NOT NULL,
  client_id text NOT NULL,
  token_sealed bytea,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  code_sealed bytea,
  CONSTRAINT apple_revocations_attempts_not_negative CHECK (attempts >= 0),
  CONSTRAINT apple_revocations_one_secret CHECK (num_nonnulls(token_sealed, code_sealed) = 1),
  CONSTRAINT apple_revocations_pkey PRIMARY KEY (id)
);
CREATE INDEX apple_revocations_expires_at ON auth.apple_revocations USING btree (expires_at);
CREATE INDEX apple_revocations_next_attempt_at ON auth.apple_revocations USING btree (next_attempt_at);

CREATE TABLE auth.denied_users (
  user_id uuid NOT NULL,
  not_after bigint NOT NULL,
  denied_at timestamp with time zone NOT NULL,
  CONSTRAINT denied_users_not_after_from_1970 CHECK (not_after >= 0),
  CONSTRAINT denied_users_pkey PRIMARY KEY (user_id)
);
CREATE INDEX denied_users_denied_at ON auth.denied_users USING btree (denied_at, user_id);

CREATE TABLE auth.identities (
  issuer text NOT NULL,
  team_id text NOT NULL,
  subject text NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT identities_pkey PRIMARY KEY (issuer, team_id, subject)
);
CREATE INDEX identities_user_id ON auth.identities USING btree (user_id);

CREATE TABLE auth.nonces (
  hash bytea NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT nonces_hash_is_sha256 CHECK (octet_length(hash) = 32),
  CONSTRAINT nonces_pkey PRIMARY KEY (hash)
);
CREATE INDEX nonces_expires_at ON auth.nonces USING btree (expires_at);

CREATE TABLE auth.outbox (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  subject text NOT NULL,
  message_id text NOT NULL,
  payload text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT now(),
  origin text,
  CONSTRAINT outbox_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=2000);

CREATE TABLE auth.schema_history (
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamp(3) with time zone NOT NULL DEFAULT now(),
  CONSTRAINT schema_history_pkey PRIMARY KEY (name)
);

CREATE TABLE auth.sessions (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  generation integer NOT NULL,
  current_hash bytea NOT NULL,
  previous_hash bytea,
  successor_sealed bytea,
  rotated_at timestamp with time zone NOT NULL,
  repeats integer NOT NULL DEFAULT 0,
  device_id text,
  device_name text,
  device_platform auth.device_platform,
  created_at timestamp with time zone NOT NULL,
  last_seen_at timestamp with time zone NOT NULL,
  idle_expires_at timestamp with time zone NOT NULL,
  absolute_expires_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  end_reason auth.session_end_reason,
  tokens_from bigint NOT NULL DEFAULT 0,
  CONSTRAINT sessions_device_id_length CHECK (char_length(device_id) >= 1 AND char_length(device_id) <= 128),
  CONSTRAINT sessions_device_name_length CHECK (char_length(device_name) >= 1 AND char_length(device_name) <= 128),
  CONSTRAINT sessions_end_is_whole CHECK (num_nulls(ended_at, end_reason) = ANY (ARRAY[0, 2])),
  CONSTRAINT sessions_generation_not_negative CHECK (generation >= 0),
  CONSTRAINT sessions_hashes_are_sha256 CHECK (octet_length(current_hash) = 32 AND octet_length(previous_hash) = 32),
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_previous_is_whole CHECK (num_nulls(previous_hash, successor_sealed) = ANY (ARRAY[0, 2])),
  CONSTRAINT sessions_repeats_not_negative CHECK (repeats >= 0),
  CONSTRAINT sessions_tokens_from_not_negative CHECK (tokens_from >= 0)
) WITH (fillfactor=80);
CREATE INDEX sessions_ended ON auth.sessions USING btree (ended_at, id) WHERE (ended_at IS NOT NULL);
CREATE INDEX sessions_unended_absolute_expires_at ON auth.sessions USING btree (absolute_expires_at) WHERE (ended_at IS NULL);
CREATE INDEX sessions_user_id ON auth.sessions USING btree (user_id);

CREATE TABLE auth.signing_keys (
  kid text NOT NULL,
  state auth.signing_key_state NOT NULL,
  private_key_sealed bytea NOT NULL,
  public_key jsonb NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  state_changed_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT signing_keys_pkey PRIMARY KEY (kid),
  CONSTRAINT signing_keys_public_key_is_object CHECK (jsonb_typeof(public_key) = 'object'::text)
);
CREATE UNIQUE INDEX signing_keys_one_current ON auth.signing_keys USING btree (state) WHERE (state = 'current'::auth.signing_key_state);

CREATE TABLE auth.users (
  id uuid NOT NULL,
  is_guest boolean NOT NULL,
  display_name text,
  email text,
  email_verified boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT users_display_name_length CHECK (char_length(display_name) >= 1 AND char_length(display_name) <= 128),
  CONSTRAINT users_pkey PRIMARY KEY (id)
);
CREATE INDEX users_guests ON auth.users USING btree (created_at, id) WHERE is_guest;

CREATE TABLE progress.days (
  user_id uuid NOT NULL,
  day date NOT NULL,
  events bigint NOT NULL,
  points bigint NOT NULL,
  duration_ms bigint NOT NULL,
  CONSTRAINT days_are_active CHECK (events >= 1 AND points >= 0 AND duration_ms >= 0),
  CONSTRAINT days_pkey PRIMARY KEY (user_id, day)
) WITH (fillfactor=80);

CREATE TABLE progress.epoch (
  is_current boolean NOT NULL DEFAULT true,
  epoch text NOT NULL DEFAULT replace((gen_random_uuid())::text, '-'::text, ''::text),
  began_at timestamp(3) with time zone NOT NULL DEFAULT now(),
  CONSTRAINT epoch_fits_contract CHECK (length(epoch) >= 1 AND length(epoch) <= 64),
  CONSTRAINT epoch_is_one_row CHECK (is_current),
  CONSTRAINT epoch_pkey PRIMARY KEY (is_current)
);

CREATE TABLE progress.events (
  user_id uuid NOT NULL,
  seq bigint NOT NULL,
  event_id uuid NOT NULL,
  track_id text COLLATE pg_catalog."C" NOT NULL,
  item_id text COLLATE pg_catalog."C" NOT NULL,
  kind progress.event_kind NOT NULL,
  occurred_at timestamp(3) with time zone NOT NULL,
  offset_minutes smallint NOT NULL,
  percent double precision,
  score double precision,
  points integer,
  duration_ms bigint,
  received_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT events_duration_ms_range CHECK (duration_ms >= 0 AND duration_ms <= '2592000000'::bigint),
  CONSTRAINT events_event_id_key UNIQUE (user_id, event_id),
  CONSTRAINT events_item_id_length CHECK (char_length(item_id) >= 1 AND char_length(item_id) <= 128),
  CONSTRAINT events_occurred_from_1970 CHECK (occurred_at >= '1970-01-01 00:00:00+00'::timestamp with time zone),
  CONSTRAINT events_offset_within_18_hours CHECK (offset_minutes >= '-1080'::integer AND offset_minutes <= 1080),
  CONSTRAINT events_percent_range CHECK (percent >= 0::double precision AND percent <= 100::double precision),
  CONSTRAINT events_pkey PRIMARY KEY (user_id, seq),
  CONSTRAINT events_points_range CHECK (points >= 0 AND points <= 1000000000),
  CONSTRAINT events_reset_is_bare CHECK (kind <> 'reset'::progress.event_kind OR num_nonnulls(percent, score, points, duration_ms) = 0),
  CONSTRAINT events_score_range CHECK (score >= '-1000000000000'::numeric::double precision AND score <= '1000000000000'::numeric::double precision),
  CONSTRAINT events_seq_positive CHECK (seq >= 1),
  CONSTRAINT events_track_id_length CHECK (char_length(track_id) >= 1 AND char_length(track_id) <= 128)
);
CREATE INDEX events_item_idx ON progress.events USING btree (user_id, track_id, item_id, occurred_at);

CREATE TABLE progress.heads (
  user_id uuid NOT NULL,
  seq bigint NOT NULL DEFAULT 0,
  tracks bigint NOT NULL DEFAULT 0,
  items bigint NOT NULL DEFAULT 0,
  completed_items bigint NOT NULL DEFAULT 0,
  points bigint NOT NULL DEFAULT 0,
  duration_ms bigint NOT NULL DEFAULT 0,
  event_count bigint NOT NULL DEFAULT 0,
  active_days integer NOT NULL DEFAULT 0,
  longest_run integer NOT NULL DEFAULT 0,
  last_run integer NOT NULL DEFAULT 0,
  last_day date,
  latest_active_at timestamp(3) with time zone,
  latest_active_offset_minutes smallint,
  corrected_at timestamp(3) with time zone,
  CONSTRAINT heads_activity_is_whole CHECK (num_nulls(last_day, latest_active_at, latest_active_offset_minutes) = ANY (ARRAY[0, 3])),
  CONSTRAINT heads_pkey PRIMARY KEY (user_id),
  CONSTRAINT heads_runs_fit CHECK (last_run >= 0 AND last_run <= longest_run AND longest_run <= active_days),
  CONSTRAINT heads_seq_not_negative CHECK (seq >= 0),
  CONSTRAINT heads_sums_fit CHECK (tracks >= 0 AND tracks <= items AND items <= event_count AND completed_items >= 0 AND completed_items <= items AND points >= 0 AND duration_ms >= 0 AND event_count >= 0 AND event_count <= seq)
) WITH (fillfactor=70);

CREATE TABLE progress.items (
  user_id uuid NOT NULL,
  track_id text COLLATE pg_catalog."C" NOT NULL,
  item_id text COLLATE pg_catalog."C" NOT NULL,
  reset_at timestamp(3) with time zone,
  status progress.item_status NOT NULL GENERATED ALWAYS AS ( CASE WHEN (completed_at IS NOT NULL) THEN 'completed'::progress.item_status WHEN (event_count > 0) THEN 'in_progress'::progress.item_status ELSE 'not_started'::progress.item_status END) STORED,
  percent double precision NOT NULL,
  best_score double precision,
  points bigint NOT NULL,
  duration_ms bigint NOT NULL,
  event_count bigint NOT NULL,
  first_at timestamp(3) with time zone,
  last_at timestamp(3) with time zone,
  completed_at timestamp(3) with time zone,
  CONSTRAINT items_completed_is_100 CHECK (completed_at IS NULL OR percent = 100::double precision),
  CONSTRAINT items_percent_range CHECK (percent >= 0::double precision AND percent <= 100::double precision),
  CONSTRAINT items_pkey PRIMARY KEY (user_id, track_id, item_id),
  CONSTRAINT items_sums_not_negative CHECK (points >= 0 AND duration_ms >= 0 AND event_count >= 0),
  CONSTRAINT items_times_fit CHECK (CASE WHEN event_count = 0 THEN num_nonnulls(first_at, last_at, completed_at) = 0 ELSE first_at <= last_at AND num_nulls(first_at, last_at) = 0 END)
) WITH (fillfactor=80);

CREATE TABLE progress.outbox (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  subject text NOT NULL,
  message_id text NOT NULL,
  payload text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT now(),
  origin text,
  CONSTRAINT outbox_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=2000);
ALTER TABLE progress.outbox ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE TABLE progress.schema_history (
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamp(3) with time zone NOT NULL DEFAULT now(),
  CONSTRAINT schema_history_pkey PRIMARY KEY (name)
);

CREATE TABLE progress.tracks (
  user_id uuid NOT NULL,
  track_id text COLLATE pg_catalog."C" NOT NULL,
  items bigint NOT NULL,
  completed_items bigint NOT NULL,
  points bigint NOT NULL,
  duration_ms bigint NOT NULL,
  event_count bigint NOT NULL,
  last_at timestamp(3) with time zone,
  last_seq bigint NOT NULL,
  CONSTRAINT tracks_last_at_fits CHECK ((last_at IS NULL) = (items = 0)),
  CONSTRAINT tracks_pkey PRIMARY KEY (user_id, track_id),
  CONSTRAINT tracks_sums_fit CHECK (items >= 0 AND items <= event_count AND completed_items >= 0 AND completed_items <= items AND points >= 0 AND duration_ms >= 0)
) WITH (fillfactor=80);
CREATE UNIQUE INDEX tracks_latest_idx ON progress.tracks USING btree (user_id, last_seq DESC) WHERE (last_seq > 0);

ALTER TABLE auth.apple_grants ADD CONSTRAINT apple_grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;
ALTER TABLE auth.identities ADD CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth.sessions ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

COMMENT ON INDEX progress.events_item_idx IS 'A reset that cuts into an item counts the rest of that item again.';
COMMENT ON TABLE progress.events IS 'The log: the one source of truth. Everything else can be rebuilt from it.';

GRANT USAGE ON SCHEMA auth TO cairn_auth;
GRANT USAGE ON SCHEMA progress TO cairn_progress;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.apple_grants TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.apple_notifications TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.apple_revocations TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.denied_users TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.identities TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.nonces TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.outbox TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.sessions TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.signing_keys TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE auth.users TO cairn_auth;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE progress.days TO cairn_progress;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE progress.epoch TO cairn_progress;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE progress.events TO cairn_progress;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE progress.heads TO cairn_progress;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE progress.items TO cairn_progress;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE progress.outbox TO cairn_progress;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE progress.tracks TO cairn_progress;
GRANT SELECT ON TABLE auth.schema_history TO cairn_auth;
GRANT SELECT ON TABLE progress.schema_history TO cairn_progress;
GRANT SELECT, USAGE ON SEQUENCE auth.outbox_id_seq TO cairn_auth;
GRANT SELECT, USAGE ON SEQUENCE progress.outbox_id_seq TO cairn_progress;
ALTER DEFAULT PRIVILEGES IN SCHEMA auth GRANT DELETE, INSERT, SELECT, UPDATE ON TABLES TO cairn_auth;
ALTER DEFAULT PRIVILEGES IN SCHEMA auth GRANT SELECT, USAGE ON SEQUENCES TO cairn_auth;
ALTER DEFAULT PRIVILEGES IN SCHEMA progress GRANT DELETE, INSERT, SELECT, UPDATE ON TABLES TO cairn_progress;
ALTER DEFAULT PRIVILEGES IN SCHEMA progress GRANT SELECT, USAGE ON SEQUENCES TO cairn_progress;
