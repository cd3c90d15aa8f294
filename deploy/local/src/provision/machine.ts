// What provisioning knows of the machine, as data, so that tests can be on another one.
import { fileURLToPath } from 'node:url'

export interface Machine {
  readonly platform: NodeJS.Platform
  readonly arch: string
  readonly uid: number
  /** As in the environment variable PATH. */
  readonly path: string
  /** Looked at after the PATH: an ordinary user's PATH lacks where Debian puts servers. */
  readonly furtherDirectories: readonly string[]
  /** Where apt's packages are unpacked, shared by everything started from this clone. */
  readonly toolsDirectory: string
  /** Where root's Postgres lives when its user cannot enter the clone. */
  readonly sharedDirectory: string
}

const cloneDirectory = fileURLToPath(new URL('../../../../', import.meta.url))

export const thisMachine = (): Machine => ({
  platform: process.platform,
  arch: process.arch,
  uid: process.getuid?.() ?? 1,
  path: process.env['PATH'] ?? '/usr/bin:/bin',
  furtherDirectories: ['/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin', '/usr/local/bin'],
  toolsDirectory: `${cloneDirectory}.local/apt`,
  sharedDirectory: '/var/tmp',
})
