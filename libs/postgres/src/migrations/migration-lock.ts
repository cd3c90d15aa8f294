// One migrator at a time per database. Polled, since waiting inside pg_advisory_lock would block CREATE INDEX CONCURRENTLY.
// The lock belongs to the one connection that migrates: it goes when that goes, and a killed runner leaves none behind.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/** Any number, the same in every runner: "cairn" in ASCII. */
const lockKey = 0x63_61_69_72_6e
const pollMs = 200

/** Rejects when another runner has not finished within `waitMs`. */
export const acquireMigrationLock = async (
  client: pg.Client,
  { waitMs, say }: { waitMs: number; say: (line: string) => void },
): Promise<void> => {
  const deadline = performance.now() + waitMs
  for (let told = false; ; told = true) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [lockKey])
    if (rows[0]?.locked === true) return
    if (performance.now() > deadline) throw new Error(`another migration has been running for ${waitMs / 1_000} s`)
    if (!told) say('another migration is running; waiting for it')
    await sleep(pollMs)
  }
}
