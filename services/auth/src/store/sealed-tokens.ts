// Apple's refresh tokens as they are kept: of accounts, and of deleted ones until they are revoked. In order of their key, a page at a
// time; and sealed ones that take the place of others.
import type { Queryable } from './queryable.ts'

export interface SealedToken {
  /** The row's key. */
  readonly place: readonly string[]
  readonly sealed: Buffer
}

export interface SealedAnew extends SealedToken {
  readonly sealedAnew: Buffer
}

interface Statement {
  readonly name: string
  readonly text: string
}

/** A table that has some. */
export interface TokenTable {
  /** Before every row. */
  readonly start: readonly string[]
  /** Rows behind the key in the first parameters, at most as many as the last one says. */
  readonly readPage: Statement
  /** By arrays of the key's parts, of the sealed tokens and of those that replace them. */
  readonly replaceTokens: Statement
}

const nil = '00000000-0000-0000-0000-000000000000'

/** What was replaced meanwhile by Apple's next token stays. */
export const grantTokens: TokenTable = {
  start: [nil, ''],
  readPage: {
    name: 'read-sealed-grants',
    text: `SELECT ARRAY[user_id::text, client_id] AS place, refresh_token_sealed AS sealed
      FROM auth.apple_grants WHERE (user_id, client_id) > ($1, $2) AND refresh_token_sealed IS NOT NULL
      ORDER BY user_id, client_id LIMIT $3`,
  },
  replaceTokens: {
    name: 'replace-sealed-grants',
    text: `UPDATE auth.apple_grants AS g SET refresh_token_sealed = n.sealed_anew
      FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) AS n (user_id, client_id, sealed, sealed_anew)
      WHERE g.user_id = n.user_id AND g.client_id = n.client_id AND g.refresh_token_sealed = n.sealed`,
  },
}

export const revocationTokens: TokenTable = {
  start: [nil],
  readPage: {
    name: 'read-sealed-revocations',
    text: `SELECT ARRAY[id::text] AS place, token_sealed AS sealed
      FROM auth.apple_revocations WHERE id > $1 AND token_sealed IS NOT NULL ORDER BY id LIMIT $2`,
  },
  replaceTokens: {
    name: 'replace-sealed-revocations',
    text: `UPDATE auth.apple_revocations AS r SET token_sealed = n.sealed_anew
      FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (id, sealed, sealed_anew)
      WHERE r.id = n.id AND r.token_sealed = n.sealed`,
  },
}

/** At most `limit`, those that come after `after`. */
export const readSealedTokens = async (
  database: Queryable,
  { readPage }: TokenTable,
  { after, limit }: { after: readonly string[]; limit: number },
): Promise<readonly SealedToken[]> =>
  (await database.query<SealedToken>({ ...readPage, values: [...after, limit] })).rows

/** Resolves with how many were replaced. */
export const replaceSealedTokens = async (
  database: Queryable,
  { start, replaceTokens }: TokenTable,
  tokens: readonly SealedAnew[],
): Promise<number> => {
  const places = start.map((_part, index) => tokens.map(({ place }) => place[index]))
  const values = [...places, tokens.map(token => token.sealed), tokens.map(token => token.sealedAnew)]
  return (await database.query({ ...replaceTokens, values })).rowCount ?? 0
}
