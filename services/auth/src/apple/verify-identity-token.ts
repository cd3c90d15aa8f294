// Apple's identity token, from text to identity. One answer for every fault.
import { createHash } from 'node:crypto'
import { CairnError } from '@cairn/contracts'
import type { Logger } from '@cairn/runtime'
import { judgeAppleClaims, type AppleIdentity, type AppleRules } from '../domain/apple-claims.ts'
import type { AppleKeySet } from './apple-key-set.ts'
import { readAppleClaims } from './read-apple-claims.ts'

export interface IdentityContext {
  readonly keys: AppleKeySet
  readonly rules: Pick<AppleRules, 'issuers' | 'clientIds' | 'maxAgeSeconds' | 'skewSeconds'>
  readonly logger: Logger
}

export interface PresentedIdentity {
  readonly token: string
  /** The nonce as we issued it. */
  readonly nonce: string
}

/** `fault` is a word of ours: nothing of the token gets into an error or a log. */
const refuse = (logger: Logger, fault: string): never => {
  logger.debug({ fault }, 'identity token refused')
  throw new CairnError('token_invalid', { cause: new Error(`identity token: ${fault}`) })
}

/** Throws `token_invalid`, or `unavailable` when Apple's keys are not to be had. That the nonce is ours is not checked here. */
export const verifyIdentityToken = async (
  { keys, rules, logger }: IdentityContext,
  { token, nonce }: PresentedIdentity,
): Promise<AppleIdentity> => {
  const claims = await readAppleClaims(keys, token)
  if (typeof claims === 'string') return refuse(logger, claims)
  const nonces = [nonce, createHash('sha256').update(nonce).digest('hex')]
  const judged = judgeAppleClaims(claims, { ...rules, nonces, now: Date.now() / 1_000 })
  return typeof judged === 'string' ? refuse(logger, judged) : judged
}
