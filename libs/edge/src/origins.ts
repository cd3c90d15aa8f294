// The web pages that may ask: exact origins from the environment, checked before anything listens.
import { ConfigError, type Variable } from '@cairn/runtime'

const isOrigin = (entry: string): boolean => {
  const url = URL.parse(entry)
  return (
    url !== null &&
    url.origin === entry &&
    !entry.includes('*') &&
    (url.protocol === 'https:' || url.protocol === 'http:')
  )
}

/** A list of origins as browsers send them: lower case, no default port, no path; never `*` or `null`. Empty by default. */
export const originsVariable = (name: string, about: { description: string }): Variable<readonly string[]> => ({
  name,
  description: about.description,
  fallback: [],
  secret: false,
  expects:
    'a comma-separated list of origins such as https://app.example.com, neither * nor null; https alone in production',
  parse: text => {
    const entries = text.split(',').map(entry => entry.trim())
    return entries.every(isOrigin) ? Object.freeze(entries) : undefined
  },
})

/** Throws `ConfigError` in production when one of the origins could be forged on the way, being plain `http:`. */
export const refuseUnsafeOrigins = (
  nodeEnv: string,
  { name, origins }: { name: string; origins: readonly string[] },
): void => {
  if (nodeEnv !== 'production' || origins.every(origin => origin.startsWith('https:'))) return
  throw new ConfigError([`${name}: in production every origin has to start with https:`])
}
