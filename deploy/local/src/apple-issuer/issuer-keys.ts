// The issuer's RSA keys. There are two, as Apple has several, and the one that signs stands last: a verifier that takes
// the first key of the set, as many did until Apple added a second in 2020, fails here too.
import { createPrivateKey, createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'

export interface IssuerKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const generate = promisify(generateKeyPair)

const keyOf = async (privateKey: KeyObject): Promise<IssuerKey> => {
  const publicKey = createPublicKey(privateKey)
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  if (kty !== 'RSA' || n === undefined || e === undefined)
    throw new TypeError('the keys file holds another key than RSA')
  return { kid: await calculateJwkThumbprint({ kty, n, e }), privateKey, publicKey }
}

export const makeIssuerKey = async (): Promise<IssuerKey> =>
  keyOf((await generate('rsa', { modulusLength: 2_048 })).privateKey)

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const readKeys = async (file: string): Promise<readonly IssuerKey[] | undefined> => {
  try {
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: JsonWebKey[] }
    return await Promise.all(keys.map(key => keyOf(createPrivateKey({ key, format: 'jwk' }))))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new Error(`${file} is not a file of RSA keys; delete it to have new ones made`, { cause: error })
  }
}

/** Written beside and renamed, so that a kill leaves no half file. */
export const saveIssuerKeys = async (file: string, keys: readonly IssuerKey[]): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const text = JSON.stringify({ keys: keys.map(key => key.privateKey.export({ format: 'jwk' })) })
  await writeFile(`${file}.${process.pid}`, text, { mode: 0o600 })
  await rename(`${file}.${process.pid}`, file)
}

/** The keys in `file`, made and kept there when it is absent; without a file new ones that nobody keeps. */
export const loadIssuerKeys = async (file?: string): Promise<readonly IssuerKey[]> => {
  const kept = file === undefined ? undefined : await readKeys(file)
  if (kept !== undefined) return kept
  const made = await Promise.all([makeIssuerKey(), makeIssuerKey()])
  if (file !== undefined) await saveIssuerKeys(file, made)
  return made
}
