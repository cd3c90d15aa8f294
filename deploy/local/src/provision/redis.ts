// A private Redis that keeps nothing on disk, or the one that REDIS_URL names.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { redisAnswers } from './answers.ts'
import { launchContainer } from './container.ts'
import { checkGivenUrl } from './given-url.ts'
import { findPrograms } from './programs.ts'
import { type ProvideOptions, resolveOptions } from './provide-options.ts'
import { type Backend, givenBackend, startServer } from './start-server.ts'

const portInContainer = 6379
const stop = [{ signal: 'SIGTERM', waitMs: 1_200 }] as const

const configuration = (settings: { host: string; port: number; data: string; password: string }): string =>
  [
    `bind ${settings.host}`,
    `port ${settings.port}`,
    `requirepass ${settings.password}`,
    `dir ${JSON.stringify(settings.data)}`,
    'appendonly no',
    'save ""',
    'daemonize no',
    '',
  ].join('\n')

/** Throws `LocalStackError` when Redis cannot be had. */
export const provideRedis = async (options: ProvideOptions): Promise<Backend> => {
  const given = options.env['REDIS_URL']
  if (given !== undefined && given !== '') {
    await checkGivenUrl('REDIS_URL', given, redisAnswers)
    return givenBackend('redis', given)
  }
  const { directory, ledger, secrets, search, signal } = resolveOptions(options)
  const program =
    options.programs?.get('redis-server') ?? (await findPrograms(['redis-server'], search)).get('redis-server')
  if (program === undefined) throw new Error('findPrograms returns what it was asked for')
  const data = join(directory, 'redis')
  const configFile = join(directory, 'redis.conf')
  const password = secrets.redisPassword
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const writeConfig = (host: string, port: number, where: string): void => {
    rmSync(configFile, { force: true })
    writeFileSync(configFile, configuration({ host, port, data: where, password }), { mode: 0o600 })
  }
  return startServer({
    name: 'redis',
    directory,
    ledger,
    signal,
    reservedPorts: options.reservedPorts,
    answers: redisAnswers,
    urlFor: port => `redis://:${password}@127.0.0.1:${port}`,
    specFor: port => {
      if (program.kind === 'docker') {
        writeConfig('0.0.0.0', portInContainer, '/data')
        const mounts = [`${configFile}:/etc/cairn.conf:ro`, `${data}:/data`]
        return launchContainer(program, {
          port,
          portInContainer,
          mounts,
          command: ['redis-server', '/etc/cairn.conf'],
          stop,
        })
      }
      writeConfig('127.0.0.1', port, data)
      return { command: program.file, args: [configFile], env: program.env, directory, stop }
    },
  })
}
