// The command line of a replay.
import { parseArgs } from 'node:util'

/** The command line is wrong: the usage helps. */
export class UsageError extends Error {}

export interface ReplayOptions {
  readonly file: string
  readonly gatewayUrl: string
  readonly appleUrl: string
  /** Users who play at the same time. */
  readonly users: number
  readonly batchSize: number
  /** Events a second over all users; infinite when not given. */
  readonly speed: number
}

export const usage = `usage: npm run replay -- <file.csv or file.csv.gz> [options]
  --speed N      at most N events a second over all users (default: as fast as it goes)
  --users N      users who play at the same time, 1 to 256 (default 16)
  --batch N      events in one request, 1 to 500 (default 200)
  --gateway URL  default http://127.0.0.1:$GATEWAY_PORT or 8080
  --apple URL    the local Apple issuer, default http://127.0.0.1:$APPLE_ISSUER_PORT or 8089
expected.csv beside the file, when there is one, says what has to come out.`

const text = { type: 'string' } as const

const parse = (args: string[]) => {
  try {
    const options = { speed: text, users: text, batch: text, gateway: text, apple: text }
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

const urlOf = (name: string, given: string): string => {
  const url = URL.parse(given)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--${name} has to be a URL, e.g. http://127.0.0.1:8080`)
  }
  return url.origin
}

const within = (name: string, given: string | undefined, bounds: { fallback: number; most: number }): number => {
  if (given === undefined) return bounds.fallback
  const value = /^\d{1,9}$/.test(given) ? Number(given) : 0
  if (value < 1 || value > bounds.most)
    throw new UsageError(`--${name} has to be a whole number from 1 to ${bounds.most}`)
  return value
}

/** Throws a `UsageError` whose message is for the person at the keyboard. */
export const readOptions = (args: string[], env: Readonly<Record<string, string | undefined>>): ReplayOptions => {
  const { values, positionals } = parse(args)
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new UsageError('one file has to be named')
  return {
    file,
    gatewayUrl: urlOf('gateway', values.gateway ?? `http://127.0.0.1:${env['GATEWAY_PORT'] || '8080'}`),
    appleUrl: urlOf('apple', values.apple ?? `http://127.0.0.1:${env['APPLE_ISSUER_PORT'] || '8089'}`),
    users: within('users', values.users, { fallback: 16, most: 256 }),
    batchSize: within('batch', values.batch, { fallback: 200, most: 500 }),
    speed: within('speed', values.speed, { fallback: Number.POSITIVE_INFINITY, most: 1_000_000 }),
  }
}
