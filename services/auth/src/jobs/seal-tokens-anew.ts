// After the master key was replaced: Apple's refresh tokens are kept for as long as an account, and then until they are revoked,
// so they do not age out as signing keys and sessions do. What an old key has sealed is sealed with the master key; again and
// again, since replicas that still make things with the old one may be running.
import { setTimeout as sleep } from 'node:timers/promises'
import { runJob, type Bus } from '@cairn/bus'
import { databaseFailure } from '@cairn/postgres'
import type pg from 'pg'
import { refreshTokenOf, revocationOf } from '../apple/grant-binding.ts'
import { deriveKeys, type Keys, type MasterKeys } from '../crypto/derive-key.ts'
import { seal, unseal } from '../crypto/sealed.ts'
import {
  grantTokens,
  readSealedTokens,
  replaceSealedTokens,
  revocationTokens,
  type SealedAnew,
  type SealedToken,
  type TokenTable,
} from '../store/sealed-tokens.ts'

export interface SealingAnewOptions {
  readonly bus: Bus
  readonly pool: pg.Pool
  readonly masterKeys: MasterKeys
  /** Pause between two walks through all of them. */
  readonly everyMs: number
}

/** Opening so many takes milliseconds; then others have their turn. */
const pageSize = 50
const betweenPagesMs = 10

interface Walked {
  sealedAnew: number
  /** No key opens them. */
  unreadable: number
}

const tables: readonly { readonly table: TokenTable; readonly boundTo: (token: SealedToken) => string }[] = [
  { table: grantTokens, boundTo: ({ place: [userId = '', clientId = ''] }) => refreshTokenOf({ userId, clientId }) },
  { table: revocationTokens, boundTo: ({ place: [id = ''] }) => revocationOf(id) },
]

const opened = (keys: Keys, sealed: Buffer, boundTo: string): string | undefined => {
  try {
    return unseal(keys, sealed, boundTo)
  } catch {
    return undefined
  }
}

interface Walk {
  readonly pool: pg.Pool
  readonly keys: Keys
  readonly signal: AbortSignal
}

const walk = async ({ pool, keys, signal }: Walk): Promise<Walked> => {
  const walked: Walked = { sealedAnew: 0, unreadable: 0 }
  const [key, ...others] = keys
  const sealAnew = (token: SealedToken, boundTo: string): SealedAnew | undefined => {
    const [first, ...rest] = others
    const text = first === undefined ? undefined : opened([first, ...rest], token.sealed, boundTo)
    if (text === undefined) walked.unreadable += 1
    return text === undefined ? undefined : { ...token, sealedAnew: seal(keys, text, boundTo) }
  }
  for (const { table, boundTo } of tables) {
    for (let after: readonly string[] | undefined = table.start; after !== undefined && !signal.aborted;) {
      const page = await readSealedTokens(pool, table, { after, limit: pageSize })
      const foreign = page.filter(token => opened([key], token.sealed, boundTo(token)) === undefined)
      const anew = foreign.flatMap(token => sealAnew(token, boundTo(token)) ?? [])
      if (anew.length > 0) walked.sealedAnew += await replaceSealedTokens(pool, table, anew)
      after = page.length < pageSize ? undefined : page.at(-1)?.place
      await sleep(betweenPagesMs, undefined, { signal }).catch(() => undefined)
    }
  }
  return walked
}

/** Does nothing where no key is old. */
export const startSealingTokensAnew = (options: SealingAnewOptions): { stop(): Promise<void> } => {
  const { bus, pool, masterKeys, everyMs } = options
  const aborter = new AbortController()
  const { signal } = aborter
  const keys = deriveKeys(masterKeys, 'appleGrants')
  const once = async (): Promise<void> => {
    const { sealedAnew, unreadable } = await walk({ pool, keys, signal }).catch((error: unknown) => {
      throw databaseFailure(error)
    })
    if (signal.aborted) return
    const counts = { sealed_anew: sealedAnew, unreadable }
    if (unreadable === 0) bus.logger.info(counts, "Apple's tokens are sealed with AUTH_MASTER_KEY")
    else bus.logger.warn(counts, "some of Apple's tokens are sealed with none of the master keys")
  }
  const run = async (): Promise<void> => {
    const failure = "Apple's tokens could not be sealed anew; they are tried again"
    while (masterKeys.oldMasterKeys.length > 0 && !signal.aborted) {
      await runJob(bus, { name: 'seal-tokens-anew', failure }, once)
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
