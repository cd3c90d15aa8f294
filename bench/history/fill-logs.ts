// Logs of many users as the service would have left them: events and everything derived from them, written by SQL.
import pg from 'pg'

export interface Logs {
  /** Users with a log of this many events each, ids as they are or made up. */
  readonly userIds: readonly string[]
  readonly eventsEach: number
}

/** Each event of a user by its `seq`: 40 items in 5 tracks over 30 days. */
const events = `INSERT INTO progress.events (user_id, seq, event_id, track_id, item_id, kind, occurred_at, offset_minutes,
    percent, score, points, duration_ms, received_at)
  SELECT user_id, seq, gen_random_uuid(), 'track-' || seq % 5, 'item-' || seq % 40, 'practiced',
    date_trunc('day', now()) - make_interval(days => (seq % 30)::int, secs => (seq % 1000)::int), 0,
    seq % 100, NULL, 5, 60000, now()
  FROM unnest($1::uuid[]) AS one (user_id), generate_series(1, $2::bigint) AS seq`

const items = `INSERT INTO progress.items (user_id, track_id, item_id, percent, points, duration_ms, event_count, first_at, last_at)
  SELECT user_id, track_id, item_id, max(percent), sum(points), sum(duration_ms), count(*), min(occurred_at), max(occurred_at)
  FROM progress.events WHERE user_id = ANY ($1::uuid[]) GROUP BY user_id, track_id, item_id`

const tracks = `INSERT INTO progress.tracks (user_id, track_id, items, completed_items, points, duration_ms, event_count, last_at, last_seq)
  SELECT user_id, track_id, count(DISTINCT item_id), 0, sum(points), sum(duration_ms), count(*), max(occurred_at), max(seq)
  FROM progress.events WHERE user_id = ANY ($1::uuid[]) GROUP BY user_id, track_id`

const days = `INSERT INTO progress.days (user_id, day, events, points, duration_ms)
  SELECT user_id, (occurred_at AT TIME ZONE 'UTC')::date, count(*), sum(points), sum(duration_ms)
  FROM progress.events WHERE user_id = ANY ($1::uuid[]) GROUP BY 1, 2`

const heads = `INSERT INTO progress.heads (user_id, seq, tracks, items, points, duration_ms, event_count, active_days,
    longest_run, last_run, last_day, latest_active_at, latest_active_offset_minutes)
  SELECT e.user_id, max(e.seq), count(DISTINCT e.track_id), count(DISTINCT (e.track_id, e.item_id)), sum(e.points),
    sum(e.duration_ms), count(*), d.days, d.days, d.days, d.last_day, max(e.occurred_at), 0
  FROM progress.events AS e
    JOIN (SELECT user_id, count(*)::int AS days, max(day) AS last_day FROM progress.days GROUP BY user_id) AS d USING (user_id)
  WHERE e.user_id = ANY ($1::uuid[]) GROUP BY e.user_id, d.days, d.last_day`

/** Rows of one statement, so that none runs for minutes. */
const rowsAtOnce = 200_000

export const fillLogs = async (
  databaseUrl: string,
  all: readonly Logs[],
  say: (line: string) => void,
): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    let written = 0
    for (const { userIds, eventsEach } of all) {
      const atOnce = Math.max(1, Math.floor(rowsAtOnce / eventsEach))
      for (let from = 0; from < userIds.length; from += atOnce) {
        const part = userIds.slice(from, from + atOnce)
        await client.query(events, [part, eventsEach])
        for (const derived of [items, tracks, days, heads]) await client.query(derived, [part])
        written += part.length * eventsEach
        say(`${written.toLocaleString('en')} events`)
      }
    }
    for (const table of ['events', 'items', 'tracks', 'days', 'heads']) {
      await client.query(`VACUUM (ANALYZE) progress.${table}`)
    }
    await client.query('CHECKPOINT')
  } finally {
    await client.end()
  }
}
