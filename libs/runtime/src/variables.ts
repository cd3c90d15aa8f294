// The kinds of environment variables there are. Bounds are part of the kind, so that no bad number becomes a default.
import type { Variable } from './environment.ts'

interface Described<T> {
  readonly description: string
  readonly fallback?: T
}

const define = <T>(name: string, about: Described<T>, rest: Pick<Variable<T>, 'expects' | 'parse'>): Variable<T> => ({
  name,
  description: about.description,
  fallback: about.fallback,
  secret: false,
  ...rest,
})

/** A whole number within bounds; the unit belongs to the variable's name. */
export const integer = (name: string, about: Described<number> & { min: number; max: number }): Variable<number> =>
  define(name, about, {
    expects: `a whole number from ${about.min} to ${about.max}`,
    parse: text => {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
      return value >= about.min && value <= about.max ? value : undefined
    },
  })

/** A TCP port; 0 asks the system for a free one. */
export const port = (name: string, about: Described<number>): Variable<number> =>
  integer(name, { ...about, min: 0, max: 65_535 })

export const text = (name: string, about: Described<string>): Variable<string> =>
  define(name, about, { expects: 'a text', parse: value => value.trim() || undefined })

export const oneOf = <const T extends readonly string[]>(
  name: string,
  about: Described<T[number]> & { values: T },
): Variable<T[number]> =>
  define(name, about, {
    expects: `one of ${about.values.join(', ')}`,
    parse: value => about.values.find(allowed => allowed === value),
  })

/** Comma-separated, blanks around entries ignored, at least one entry. */
export const list = (name: string, about: Described<readonly string[]>): Variable<readonly string[]> =>
  define(name, about, {
    expects: 'a comma-separated list with at least one entry',
    parse: value => {
      const entries = value.split(',').map(entry => entry.trim())
      return entries.every(entry => entry !== '') ? Object.freeze(entries) : undefined
    },
  })

const parseUrl = (value: string, protocols: readonly string[]): string | undefined => {
  const url = URL.parse(value)
  return url !== null && protocols.includes(url.protocol) && url.hostname !== '' ? value : undefined
}

/** A URL with one of the protocols, e.g. `postgresql:`. Counts as a secret when it may carry a password. */
export const url = (name: string, about: Described<string> & { protocols: readonly string[] }): Variable<string> => ({
  ...define(name, about, {
    expects: `a URL starting with ${about.protocols.map(protocol => `${protocol}//`).join(' or ')}`,
    parse: value => parseUrl(value, about.protocols),
  }),
  secret: !about.protocols.some(protocol => protocol.startsWith('http')),
})

const isEncoded = (part: string): boolean => {
  try {
    decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

/**
 * `namesUser`: not without a user, where that is more than whom to connect as. In pg the `options` of a URL take the place of all
 * those that Cairn's connections state themselves.
 */
export const postgresUrl = (name: string, about: Described<string> & { namesUser?: boolean }): Variable<string> => {
  const { namesUser = false } = about
  const any = url(name, { ...about, protocols: ['postgres:', 'postgresql:'] })
  const parse = (value: string): string | undefined => {
    const { username = '', password = '', pathname = '', searchParams } = URL.parse(value) ?? {}
    if ((namesUser && username === '') || searchParams?.has('options') === true) return undefined
    return [username, password, pathname].every(isEncoded) ? any.parse(value) : undefined
  }
  const expects = `${any.expects}${namesUser ? ' that names a user' : ''}, without \`options\``
  return { ...any, expects, parse }
}

export const natsUrl = (name: string, about: Described<string>): Variable<string> =>
  url(name, { ...about, protocols: ['nats:', 'tls:'] })

export const redisUrl = (name: string, about: Described<string>): Variable<string> =>
  url(name, { ...about, protocols: ['redis:', 'rediss:'] })

const parseKey = (value: string): Buffer | undefined => {
  const bytes = Buffer.from(value, 'base64url')
  return bytes.length >= 32 && bytes.toString('base64url') === value ? bytes : undefined
}

/** A secret key: at least 32 random bytes, base64url without padding (`openssl rand -base64 32 | tr '+/' '-_' | tr -d =`). */
export const secretKey = (name: string, about: Described<Buffer>): Variable<Buffer> => ({
  ...define<Buffer>(name, about, { expects: 'at least 32 bytes as base64url without padding', parse: parseKey }),
  secret: true,
})

/** Several of them. */
export const secretKeys = (name: string, about: Described<readonly Buffer[]>): Variable<readonly Buffer[]> => ({
  ...define<readonly Buffer[]>(name, about, {
    expects: 'comma-separated, each at least 32 bytes as base64url without padding',
    parse: value => {
      const keys = value.split(',').map(one => parseKey(one.trim()))
      return keys.every(key => key !== undefined) ? keys : undefined
    },
  }),
  secret: true,
})
