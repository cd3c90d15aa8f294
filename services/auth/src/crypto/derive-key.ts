// Keys with one purpose each, from one secret: HKDF-SHA-256 (RFC 5869), the purpose as its info.
import { hkdfSync } from 'node:crypto'

const purposes = {
  signingKeys: 'cairn/auth/seal-signing-keys/v1',
  refreshTokenMac: 'cairn/auth/refresh-token-mac/v1',
  refreshSuccessor: 'cairn/auth/seal-refresh-successor/v1',
  appleGrants: 'cairn/auth/seal-apple-grants/v1',
  fingerprint: 'cairn/auth/master-key-fingerprint/v1',
} as const

/** Keys of one purpose, 32 bytes each: the first makes, every one of them reads. */
export type Keys = readonly [Buffer, ...Buffer[]]

/** 32 bytes. `secret` has to hold at least 128 bits of entropy: nothing here slows guessing down. */
export const deriveKey = (secret: Buffer, purpose: keyof typeof purposes): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), purposes[purpose], 32))

export interface MasterKeys {
  readonly masterKey: Buffer
  /** Others that are read with while it is replaced. */
  readonly nextMasterKeys: readonly Buffer[]
  readonly oldMasterKeys: readonly Buffer[]
}

export const deriveKeys = (
  { masterKey, nextMasterKeys, oldMasterKeys }: MasterKeys,
  purpose: keyof typeof purposes,
): Keys => [
  deriveKey(masterKey, purpose),
  ...[...nextMasterKeys, ...oldMasterKeys].map(secret => deriveKey(secret, purpose)),
]

const fingerprintOf = (secret: Buffer): string => deriveKey(secret, 'fingerprint').toString('hex').slice(0, 8)

/** For a person who has to tell which replica has which keys; says nothing of the keys. */
export const fingerprints = ({ masterKey, nextMasterKeys, oldMasterKeys }: MasterKeys): object => ({
  master: fingerprintOf(masterKey),
  next: nextMasterKeys.map(fingerprintOf),
  old: oldMasterKeys.map(fingerprintOf),
})
