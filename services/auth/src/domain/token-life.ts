// How long what was issued or ended has to be remembered for the sake of access tokens.

export interface TokenLife {
  readonly accessTokenTtlSeconds: number
  readonly clockSkewSeconds: number
}

/** A token may be dated a second ahead of the end it dies by, and one more is lost to rounding. */
const roundingSeconds = 2

/** Seconds after which no verifier accepts a token that was issued before. */
export const tokenLifeSeconds = ({ accessTokenTtlSeconds, clockSkewSeconds }: TokenLife): number =>
  accessTokenTtlSeconds + clockSkewSeconds + roundingSeconds
