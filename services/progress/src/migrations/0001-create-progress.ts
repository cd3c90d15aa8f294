// The log of events, what is derived from it, and the outbox. Everything of one user hangs on the row in `heads`, whose lock
// gives the log its order. No foreign keys between them: each would be checked per event, under a lock that is held anyway.
import type { Knex } from 'knex'

const createTypes = `
CREATE TYPE progress.event_kind AS ENUM ('started', 'advanced', 'completed', 'practiced', 'reset');
CREATE TYPE progress.item_status AS ENUM ('not_started', 'in_progress', 'completed');
`

/** One row. Made with the database, replaced when a backup has been restored. */
const createEpoch = `
CREATE TABLE progress.epoch (
  is_current boolean NOT NULL DEFAULT true,
  epoch text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
  began_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT epoch_pkey PRIMARY KEY (is_current),
  CONSTRAINT epoch_is_one_row CHECK (is_current),
  CONSTRAINT epoch_fits_contract CHECK (length(epoch) BETWEEN 1 AND 64)
);
INSERT INTO progress.epoch DEFAULT VALUES;
`

const createHeads = `
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
  latest_active_at timestamptz(3),
  latest_active_offset_minutes smallint,
  CONSTRAINT heads_pkey PRIMARY KEY (user_id),
  CONSTRAINT heads_seq_not_negative CHECK (seq >= 0),
  CONSTRAINT heads_sums_fit CHECK (
    tracks >= 0 AND tracks <= items AND items <= event_count AND completed_items BETWEEN 0 AND items
    AND points >= 0 AND duration_ms >= 0 AND event_count BETWEEN 0 AND seq
  ),
  CONSTRAINT heads_runs_fit CHECK (last_run BETWEEN 0 AND longest_run AND longest_run <= active_days),
  CONSTRAINT heads_activity_is_whole CHECK (num_nulls(last_day, latest_active_at, latest_active_offset_minutes) IN (0, 3))
) WITH (fillfactor = 70);
`

/** Text that is compared byte for byte has the collation "C"; its length is counted in code points. */
const createEvents = `
CREATE TABLE progress.events (
  user_id uuid NOT NULL,
  seq bigint NOT NULL,
  event_id uuid NOT NULL,
  track_id text COLLATE "C" NOT NULL,
  item_id text COLLATE "C" NOT NULL,
  kind progress.event_kind NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  offset_minutes smallint NOT NULL,
  percent double precision,
  score double precision,
  points integer,
  duration_ms bigint,
  received_at timestamptz(3) NOT NULL,
  CONSTRAINT events_pkey PRIMARY KEY (user_id, seq),
  CONSTRAINT events_event_id_key UNIQUE (user_id, event_id),
  CONSTRAINT events_seq_positive CHECK (seq >= 1),
  CONSTRAINT events_track_id_length CHECK (char_length(track_id) BETWEEN 1 AND 128),
  CONSTRAINT events_item_id_length CHECK (char_length(item_id) BETWEEN 1 AND 128),
  CONSTRAINT events_occurred_from_1970 CHECK (occurred_at >= '1970-01-01T00:00:00Z'),
  CONSTRAINT events_offset_within_18_hours CHECK (offset_minutes BETWEEN -1080 AND 1080),
  CONSTRAINT events_percent_range CHECK (percent BETWEEN 0 AND 100),
  CONSTRAINT events_score_range CHECK (score BETWEEN -1e12 AND 1e12),
  CONSTRAINT events_points_range CHECK (points BETWEEN 0 AND 1000000000),
  CONSTRAINT events_duration_ms_range CHECK (duration_ms BETWEEN 0 AND 2592000000),
  CONSTRAINT events_reset_is_bare CHECK (kind <> 'reset' OR num_nonnulls(percent, score, points, duration_ms) = 0)
);
COMMENT ON TABLE progress.events IS 'The log: the one source of truth. Everything else can be rebuilt from it.';
CREATE INDEX events_item_idx ON progress.events (user_id, track_id, item_id, occurred_at);
COMMENT ON INDEX progress.events_item_idx IS 'A reset that cuts into an item counts the rest of that item again.';
`

const createItems = `
CREATE TABLE progress.items (
  user_id uuid NOT NULL,
  track_id text COLLATE "C" NOT NULL,
  item_id text COLLATE "C" NOT NULL,
  reset_at timestamptz(3),
  status progress.item_status NOT NULL GENERATED ALWAYS AS (
    CASE WHEN completed_at IS NOT NULL THEN 'completed'::progress.item_status
         WHEN event_count > 0 THEN 'in_progress'::progress.item_status
         ELSE 'not_started'::progress.item_status END
  ) STORED,
  percent double precision NOT NULL,
  best_score double precision,
  points bigint NOT NULL,
  duration_ms bigint NOT NULL,
  event_count bigint NOT NULL,
  first_at timestamptz(3),
  last_at timestamptz(3),
  completed_at timestamptz(3),
  CONSTRAINT items_pkey PRIMARY KEY (user_id, track_id, item_id),
  CONSTRAINT items_percent_range CHECK (percent BETWEEN 0 AND 100),
  CONSTRAINT items_sums_not_negative CHECK (points >= 0 AND duration_ms >= 0 AND event_count >= 0),
  CONSTRAINT items_times_fit CHECK (
    CASE WHEN event_count = 0 THEN num_nonnulls(first_at, last_at, completed_at) = 0
         ELSE first_at <= last_at AND num_nulls(first_at, last_at) = 0 END
  ),
  CONSTRAINT items_completed_is_100 CHECK (completed_at IS NULL OR percent = 100)
) WITH (fillfactor = 80);
`

const createTracks = `
CREATE TABLE progress.tracks (
  user_id uuid NOT NULL,
  track_id text COLLATE "C" NOT NULL,
  items bigint NOT NULL,
  completed_items bigint NOT NULL,
  points bigint NOT NULL,
  duration_ms bigint NOT NULL,
  event_count bigint NOT NULL,
  last_at timestamptz(3),
  last_seq bigint NOT NULL,
  CONSTRAINT tracks_pkey PRIMARY KEY (user_id, track_id),
  CONSTRAINT tracks_sums_fit CHECK (
    items BETWEEN 0 AND event_count AND completed_items BETWEEN 0 AND items AND points >= 0 AND duration_ms >= 0
  ),
  CONSTRAINT tracks_last_at_fits CHECK ((last_at IS NULL) = (items = 0))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX tracks_last_seq_idx ON progress.tracks (user_id, last_seq DESC);
`

const createDays = `
CREATE TABLE progress.days (
  user_id uuid NOT NULL,
  day date NOT NULL,
  events bigint NOT NULL,
  points bigint NOT NULL,
  duration_ms bigint NOT NULL,
  CONSTRAINT days_pkey PRIMARY KEY (user_id, day),
  CONSTRAINT days_are_active CHECK (events >= 1 AND points >= 0 AND duration_ms >= 0)
) WITH (fillfactor = 80);
`

/** A queue: filled and emptied all the time, so it is vacuumed by rows, not by its share of dead ones. */
const createOutbox = `
CREATE TABLE progress.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY,
  subject text NOT NULL,
  message_id text NOT NULL,
  payload text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT outbox_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
`

export const up = async (knex: Knex): Promise<void> => {
  for (const statements of [
    createTypes,
    createEpoch,
    createHeads,
    createEvents,
    createItems,
    createTracks,
    createDays,
    createOutbox,
  ]) {
    await knex.raw(statements)
  }
}
