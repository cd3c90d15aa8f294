// Authenticated encryption of small secrets at rest: AES-256-GCM, laid out as version (1 byte), nonce (12), tag (16), text.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const version = 1
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + nonceBytes + tagBytes

/** How many bytes `seal` makes of a text. */
export const sealedLength = (text: string): number => headBytes + Buffer.byteLength(text)

/** `boundTo` is authenticated too, so that a sealed value cannot be moved to another row. */
export const seal = (key: Buffer, text: string, boundTo: string): Buffer => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(boundTo))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), sealed])
}

/** Throws when the key, what it is bound to, or the bytes are not the ones of `seal`. */
export const unseal = (key: Buffer, sealed: Buffer, boundTo: string): string => {
  if (sealed.length < headBytes || sealed[0] !== version) throw new Error('not a sealed value of a known version')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(boundTo)).setAuthTag(sealed.subarray(1 + nonceBytes, headBytes))
  return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]).toString('utf8')
}
