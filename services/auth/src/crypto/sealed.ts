// Authenticated encryption of small secrets at rest: AES-256-GCM, laid out as version (1 byte), nonce (12), tag (16), text.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Keys } from './derive-key.ts'

const version = 1
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + nonceBytes + tagBytes

/** How many bytes `seal` makes of a text. */
export const sealedLength = (text: string): number => headBytes + Buffer.byteLength(text)

/** `boundTo` is authenticated too, so that a sealed value cannot be moved to another row. */
export const seal = ([key]: Keys, text: string, boundTo: string): Buffer => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(boundTo))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), sealed])
}

const openWith = (key: Buffer, sealed: Buffer, boundTo: string): string => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(boundTo)).setAuthTag(sealed.subarray(1 + nonceBytes, headBytes))
  return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]).toString('utf8')
}

/** Throws when none of the keys, what it is bound to, or the bytes are not the ones of `seal`. */
export const unseal = (keys: Keys, sealed: Buffer, boundTo: string): string => {
  if (sealed.length < headBytes || sealed[0] !== version) throw new Error('not a sealed value of a known version')
  const [key, ...others] = keys
  try {
    return openWith(key, sealed, boundTo)
  } catch (error) {
    const [next, ...rest] = others
    if (next === undefined) throw error
    return unseal([next, ...rest], sealed, boundTo)
  }
}
