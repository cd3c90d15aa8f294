// How a nonce is kept: by its SHA-256. It has 192 random bits, so nothing slower is needed.
import { createHash } from 'node:crypto'

export const nonceHash = (nonce: string): Buffer => createHash('sha256').update(nonce).digest()
