// What PostgreSQL keeps of a password (RFC 5803), made here: the password itself stands in no statement, so in no log and no error.
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

/** PostgreSQL's own default. */
const iterations = 4_096
const saltBytes = 16
const keyBytes = 32

/** SASLprep (RFC 4013) as far as pg does it too: other spaces become one, what is invisible goes, the rest is composed. */
const normalized = (password: string): string =>
  password
    .replaceAll(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu, ' ')
    .replaceAll(/\u00AD|\u034F|\u1806|[\u180B-\u180D]|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]|\uFEFF/gu, '')
    .normalize('NFKC')

/** `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`, for `PASSWORD '…'`. */
export const scramVerifier = async (password: string): Promise<string> => {
  const salt = randomBytes(saltBytes)
  const salted = await promisify(pbkdf2)(normalized(password), salt, iterations, keyBytes, 'sha256')
  const keyFor = (what: string): Buffer => createHmac('sha256', salted).update(what).digest()
  const storedKey = createHash('sha256').update(keyFor('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${keyFor('Server Key').toString('base64')}`
}
