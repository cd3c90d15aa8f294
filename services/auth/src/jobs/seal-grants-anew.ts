// While the master key is replaced: what Apple granted is kept for as long as an account, so it does not age out as signing keys
// and sessions do. Whatever another key has sealed is sealed with the master key, again and again, since replicas that still
// make things with another one may be running.
import { setTimeout as sleep } from 'node:timers/promises'
import { runJob, type Bus } from '@cairn/bus'
import { databaseFailure } from '@cairn/postgres'
import type pg from 'pg'
import { refreshTokenOf } from '../apple/grant-binding.ts'
import type { Keys } from '../crypto/derive-key.ts'
import { seal, unseal } from '../crypto/sealed.ts'
import {
  beforeAllGrants,
  readSealedGrants,
  replaceSealedGrants,
  type SealedAnew,
  type SealedGrant,
} from '../store/sealed-grants.ts'

export interface SealingAnewOptions {
  readonly bus: Bus
  readonly pool: pg.Pool
  readonly sealingKeys: Keys
  /** Pause between two walks through all of them. */
  readonly everyMs: number
}

const pageSize = 200

interface Walked {
  sealedAnew: number
  /** No key opens them. */
  unreadable: number
}

const opened = (keys: Keys, grant: SealedGrant): string | undefined => {
  try {
    return unseal(keys, grant.sealed, refreshTokenOf(grant))
  } catch {
    return undefined
  }
}

const walk = async ({ pool, sealingKeys }: SealingAnewOptions, signal: AbortSignal): Promise<Walked> => {
  const walked: Walked = { sealedAnew: 0, unreadable: 0 }
  let after = beforeAllGrants
  for (;;) {
    const page = await readSealedGrants(pool, { after, limit: pageSize })
    const stale: SealedAnew[] = []
    for (const grant of page.filter(one => opened([sealingKeys[0]], one) === undefined)) {
      const token = opened(sealingKeys, grant)
      if (token === undefined) walked.unreadable += 1
      else stale.push({ ...grant, sealedAnew: seal(sealingKeys, token, refreshTokenOf(grant)) })
    }
    if (stale.length > 0) walked.sealedAnew += await replaceSealedGrants(pool, stale)
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize || signal.aborted) return walked
    after = last
  }
}

/** Ends at once, to no avail, where there is one key. */
export const startSealingGrantsAnew = (options: SealingAnewOptions): { stop(): Promise<void> } => {
  const { bus, sealingKeys, everyMs } = options
  const aborter = new AbortController()
  const { signal } = aborter
  const run = async (): Promise<void> => {
    const failure = "Apple's grants could not be sealed anew; they are tried again"
    while (sealingKeys.length > 1 && !signal.aborted) {
      await runJob(bus, { name: 'seal-grants-anew', failure }, async () => {
        const walked = await walk(options, signal).catch((error: unknown) => {
          throw databaseFailure(error)
        })
        if (!signal.aborted) {
          const counts = { sealed_anew: walked.sealedAnew, unreadable: walked.unreadable }
          bus.logger.info(counts, "Apple's grants are sealed with AUTH_MASTER_KEY")
        }
      })
      await sleep(everyMs, undefined, { signal }).catch(() => undefined)
    }
  }
  const finished = run()
  return {
    stop: async () => {
      aborter.abort()
      await finished
    },
  }
}
