// The passwords and keys of one directory's servers: made at random once, kept in a file only its owner can read.
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalStackError } from '../local-stack-error.ts'

export const secretNames = [
  'postgresPassword',
  'natsPassword',
  'redisPassword',
  'roleKey',
  'userHashKey',
  'authMasterKey',
] as const

export const secretsFileName = 'secrets.json'

/** Each 32 random bytes as base64url. */
export type Secrets = Readonly<Record<(typeof secretNames)[number], string>>

const parse = (text: string, path: string): Secrets => {
  try {
    const secrets = JSON.parse(text) as Partial<Secrets>
    if (secretNames.every(name => typeof secrets[name] === 'string')) return secrets as Secrets
  } catch {
    // Falls through to the same message as a file that lacks a key.
  }
  throw new LocalStackError(`${path} is damaged; to start anew without the data type: npm start -- --fresh`)
}

/** Reads the directory's secrets, or makes them; of several that make them at once, one wins and all get the same. */
export const openSecrets = (directory: string): Secrets => {
  const path = join(directory, secretsFileName)
  mkdirSync(directory, { recursive: true })
  const mine = `${path}.${randomBytes(6).toString('hex')}`
  const made = Object.fromEntries(secretNames.map(name => [name, randomBytes(32).toString('base64url')]))
  writeFileSync(mine, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
  try {
    linkSync(mine, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(mine)
  }
  chmodSync(path, 0o600)
  return parse(readFileSync(path, 'utf8'), path)
}

/** Tells whether data kept elsewhere were made with these secrets, without giving them away. */
export const fingerprint = ({ postgresPassword }: Secrets): string =>
  createHash('sha256').update(postgresPassword).digest('hex')
