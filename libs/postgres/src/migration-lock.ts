// One migrator at a time per database. Polled, since waiting inside pg_advisory_lock would block CREATE INDEX CONCURRENTLY.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** Any number, the same in every runner: "cairn" in ASCII. */
const lockKey = 0x63_61_69_72_6e
const pollMs = 200
const giveUpAfterMs = 120_000

export interface MigrationLock {
  release(): Promise<void>
}

/** Waits for the lock at most two minutes. It goes with its connection, so a killed runner leaves none behind. */
export const acquireMigrationLock = async (
  databaseUrl: string,
  say: (line: string) => void,
): Promise<MigrationLock> => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'cairn-migrate-lock' })
  await client.connect()
  const deadline = performance.now() + giveUpAfterMs
  for (let told = false; ; told = true) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [lockKey])
    if (rows[0]?.locked === true) return { release: () => client.end() }
    if (performance.now() > deadline) {
      await client.end()
      throw new Error(`another migration has been running for ${giveUpAfterMs / 1000} s`)
    }
    if (!told) say('another migration is running; waiting for it')
    await sleep(pollMs)
  }
}
