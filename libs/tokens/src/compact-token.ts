// The spelling of a compact JWS, checked before anything is believed or computed. Decoders are lenient: they take
// 16 spellings of a signature's last character, padding and white space, so a token would have many names.

export const maxTokenBytes = 8_192

const partPattern = /^[A-Za-z0-9_-]+$/

const isCanonical = (part: string): boolean =>
  partPattern.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part

/** The value when the text is a JSON object, else undefined. */
export const parseJsonObject = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** The (unverified) header of a token of three canonical base64url parts and at most 8 KiB; undefined for anything else. */
export const readCompactHeader = (token: string): Readonly<Record<string, unknown>> | undefined => {
  if (token.length > maxTokenBytes) return undefined
  const parts = token.split('.', 4)
  if (parts.length !== 3 || !parts.every(isCanonical)) return undefined
  return parseJsonObject(Buffer.from(parts[0] ?? '', 'base64url').toString('utf8'))
}
