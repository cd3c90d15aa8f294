// A private NATS server with JetStream, or the one that NATS_URL names.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { natsAnswers } from './answers.ts'
import { launchContainer } from './container.ts'
import { checkGivenUrl } from './given-url.ts'
import { findPrograms } from './programs.ts'
import { type ProvideOptions, resolveOptions } from './provide-options.ts'
import { type Backend, givenBackend, startServer } from './start-server.ts'

const accountsFile = join(import.meta.dirname, '..', '..', '..', 'nats', 'accounts.conf')
const portInContainer = 4222
const stop = [{ signal: 'SIGTERM', waitMs: 1_200 }] as const

/** JSON strings are valid in NATS's configuration. */
const configuration = (settings: { host: string; port: number; store: string; password: string }): string =>
  [
    `host: ${JSON.stringify(settings.host)}`,
    `port: ${settings.port}`,
    'max_payload: 2MB',
    `jetstream { store_dir: ${JSON.stringify(settings.store)} }`,
    // Every user of the real accounts, so that services may here what they may there; with one password for all.
    readFileSync(accountsFile, 'utf8').replaceAll(/\$NATS_\w+_PASSWORD/g, JSON.stringify(settings.password)),
  ].join('\n')

/** Throws `LocalStackError` when NATS cannot be had. */
export const provideNats = async (options: ProvideOptions): Promise<Backend> => {
  const given = options.env['NATS_URL']
  if (given !== undefined && given !== '') {
    await checkGivenUrl('NATS_URL', given, natsAnswers)
    return givenBackend('nats', given)
  }
  const { directory, ledger, secrets, search, signal } = resolveOptions(options)
  const program =
    options.programs?.get('nats-server') ?? (await findPrograms(['nats-server'], search)).get('nats-server')
  if (program === undefined) throw new Error('findPrograms returns what it was asked for')
  const store = join(directory, 'nats')
  const configFile = join(directory, 'nats.conf')
  const password = secrets.natsPassword
  mkdirSync(store, { recursive: true, mode: 0o700 })
  const writeConfig = (host: string, port: number, where: string): void => {
    rmSync(configFile, { force: true })
    writeFileSync(configFile, configuration({ host, port, store: where, password }), { mode: 0o600 })
  }
  return startServer({
    name: 'nats',
    directory,
    ledger,
    signal,
    reservedPorts: options.reservedPorts,
    answers: natsAnswers,
    urlFor: port => `nats://admin:${password}@127.0.0.1:${port}`,
    specFor: port => {
      if (program.kind === 'docker') {
        writeConfig('0.0.0.0', portInContainer, '/data')
        const mounts = [`${configFile}:/etc/cairn.conf:ro`, `${store}:/data`]
        return launchContainer(program, {
          port,
          portInContainer,
          mounts,
          command: ['nats-server', '-c', '/etc/cairn.conf'],
          stop,
        })
      }
      writeConfig('127.0.0.1', port, store)
      return { command: program.file, args: ['-c', configFile], env: program.env, directory, stop }
    },
  })
}
