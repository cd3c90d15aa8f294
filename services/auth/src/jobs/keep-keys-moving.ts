// Looks at the signing keys again and again, moves them on when it is time, and tells verifiers. Every replica does so: the
// keys' lock makes it one at a time, and the second finds nothing to do.
import { setTimeout as sleep } from 'node:timers/promises'
import { publish, runJob, subscribe, type Bus } from '@cairn/bus'
import { keysRotatedSubject } from '@cairn/contracts'
import { databaseFailure } from '@cairn/postgres'
import type { Logger } from '@cairn/runtime'
import type { KeyMove, SigningKeys } from '../crypto/signing-keys.ts'
import type { KeyOrder } from '../domain/key-schedule.ts'

export interface KeyKeeper {
  readonly signing: SigningKeys
  /** Rotates now, if the next key is known everywhere. Rejects with the database's failure. */
  rotate(options: { revokePrevious: boolean }): Promise<KeyMove>
  stop(): Promise<void>
}

export interface KeyKeeperOptions {
  readonly bus: Bus
  readonly logger: Logger
  readonly signingKeys: SigningKeys
  readonly checkEveryMs: number
}

const byTheClock: KeyOrder = { rotate: false, revokePrevious: false }

const changes = ({ plan: { promote, revoke, makeStandby } }: KeyMove): boolean =>
  promote !== undefined || revoke.length > 0 || makeStandby

export const startKeepingKeysMoving = ({ bus, logger, signingKeys, checkEveryMs }: KeyKeeperOptions): KeyKeeper => {
  const aborter = new AbortController()
  const move = async (order: KeyOrder): Promise<KeyMove> => {
    const moved = await signingKeys.move(order)
    if (changes(moved)) {
      // After this process knows them itself: verifiers ask for the key set as soon as they hear.
      publish(bus, keysRotatedSubject, {})
      const { promote, revoke } = moved.plan
      logger.info({ key_id: moved.currentKeyId, rotated: promote !== undefined, revoked: revoke }, 'signing keys moved')
    }
    return moved
  }
  // A verifier may have asked this process before it knew: it is told again, by the last replica to know at the latest.
  const reload = async (): Promise<void> => {
    try {
      if (await signingKeys.reload()) publish(bus, keysRotatedSubject, {})
    } catch (error) {
      logger.warn({ error }, 'could not read the signing keys')
    }
  }
  const heard = subscribe(bus, keysRotatedSubject, () => void reload())
  bus.onReconnect(() => void reload())
  const run = async (): Promise<void> => {
    while (!aborter.signal.aborted) {
      await sleep(checkEveryMs, undefined, { signal: aborter.signal }).catch(() => undefined)
      if (aborter.signal.aborted) return
      await runJob(bus, { name: 'signing-keys', failure: 'could not look at the signing keys' }, async () => {
        await move(byTheClock).catch((error: unknown) => {
          throw databaseFailure(error)
        })
      })
    }
  }
  const finished = run()
  return {
    signing: signingKeys,
    rotate: ({ revokePrevious }) => move({ rotate: true, revokePrevious }),
    stop: async () => {
      heard.unsubscribe()
      aborter.abort()
      await finished
    },
  }
}
