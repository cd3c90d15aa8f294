// What never reaches a log, whatever it is logged in. By name, at any depth (pino's own `redact` costs 15 µs a line with
// wildcards, this well under one), and by shape, since a token or an address may stand in the middle of a message.

/** Names whose values are never written. */
const secretNames: ReadonlySet<string> = new Set([
  'access_token',
  'refresh_token',
  'identity_token',
  'authorization_code',
  'authorization',
  'cookie',
  'token',
  'nonce',
  'email',
  'password',
])
const censor = '[redacted]'
const maxDepth = 8

/** The same value, or a copy without what is secret; errors and other things with a class of their own stay as they are. */
export const redactByName = (value: unknown, depth = 0): unknown => {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth === maxDepth) return censor
  if (Array.isArray(value)) {
    const items = value.map(item => redactByName(item, depth + 1))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  let copy: Record<string, unknown> | undefined
  // Not `Object.entries`: for every line it costs four times as much.
  for (const name of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[name]
    const safe = secretNames.has(name) ? censor : redactByName(field, depth + 1)
    if (safe !== field) (copy ??= { ...value })[name] = safe
  }
  return copy ?? value
}

/** In a line of JSON the letter of an escape belongs to no text: the `n` of `\nanna@example.com` has to stay where it is. */
const outsideEscapes = (pattern: RegExp): RegExp =>
  new RegExp(`(\\\\(?:u.{4}|.))|${pattern.source}`, `g${pattern.flags}`)
const censored = (_found: string, escape?: string): string => escape ?? censor

/** A signed token: three parts of base64url, the first a JSON object. */
const tokenPattern = outsideEscapes(/eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?/)
const emailPattern = outsideEscapes(/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/)
/** Of a URL, whatever stands before the host. */
const userinfoPattern = /:\/\/[^\s"'\\/?#]{1,512}@/g
const bearerPattern = outsideEscapes(/bearer +[\w.~+/-]+=*/i)

/** A line of JSON without what looks like a token, an address, or a URL's user and password; still JSON. */
export const redactByShape = (line: string): string => {
  let safe = line
  // Searched by what begins with a character that is rare in a line: by `eyJ` or `earer ` it takes four times as long.
  if (safe.includes('yJ')) safe = safe.replaceAll(tokenPattern, censored)
  if (safe.includes('@')) safe = safe.replaceAll(userinfoPattern, `://${censor}@`).replaceAll(emailPattern, censored)
  if (safe.includes('bearer ') || safe.includes('Bearer ')) safe = safe.replaceAll(bearerPattern, censored)
  return safe
}
