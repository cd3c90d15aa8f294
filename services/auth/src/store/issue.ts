// When tokens are issued: by the database's clock, in the statement that grants them, so that whoever ends sessions later in
// the database's order of things ends them by a later or the same second.

/** Of a session that was begun or refreshed. */
export interface Issue {
  /** When the refresh token expires if it is not used. */
  readonly idle_expires_at: Date
  /** Seconds since 1970, the access token's `iat`. */
  readonly issued_at: number
}

/** SQL: the current second, or the first one that a sign-out of all sessions left to this session. */
export const issuedAt = `greatest(floor(extract(epoch FROM clock_timestamp()))::bigint, tokens_from)`
