// Text that people or devices name themselves by: shown, never trusted. Control characters go (PostgreSQL would refuse NUL),
// and lone surrogates become U+FFFD.

/** Null when nothing is left. */
export const displayText = (text: string | undefined): string | null =>
  text
    ?.toWellFormed()
    .replaceAll(/\p{Cc}/gu, '')
    .trim() || null
