// Apple's identity token, from text to identity: spelling, header, key, signature, claims. One answer for every fault.
import { createHash } from 'node:crypto'
import { CairnError } from '@cairn/contracts'
import type { Logger } from '@cairn/runtime'
import { readCompactHeader } from '@cairn/tokens'
import { compactVerify, type CryptoKey } from 'jose'
import { judgeAppleClaims, type AppleIdentity, type AppleRules } from '../domain/apple-claims.ts'
import type { AppleKeySet } from './apple-key-set.ts'

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

const maxKeyIdLength = 128

/** RS256 and nothing else, whatever the header would like; `typ`, where there is one, says that it is a plain JWT. */
const keyIdOf = (header: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  if (header === undefined) return undefined
  const { alg, kid, typ } = header
  const valid = alg === 'RS256' && typeof kid === 'string' && kid.length <= maxKeyIdLength
  return valid && (typ === undefined || typ === 'JWT') ? kid : undefined
}

const verifiedClaims = async (
  token: string,
  key: CryptoKey,
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: ['RS256'] })
    const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
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
  const keyId = keyIdOf(readCompactHeader(token))
  if (keyId === undefined) return refuse(logger, 'header')
  const key = await keys.keyFor(keyId)
  if (key === undefined) return refuse(logger, 'key')
  const claims = await verifiedClaims(token, key)
  if (claims === undefined) return refuse(logger, 'signature')
  const nonces = [nonce, createHash('sha256').update(nonce).digest('hex')]
  const judged = judgeAppleClaims(claims, { ...rules, nonces, now: Date.now() / 1_000 })
  return typeof judged === 'string' ? refuse(logger, judged) : judged
}
