// Apple's refresh tokens as they are kept, in order of their key, a page at a time; and sealed ones that take the place of others.
import type { AppleGrantKey } from './apple-codes.ts'
import type { Queryable } from './queryable.ts'

export interface SealedGrant extends AppleGrantKey {
  readonly sealed: Buffer
}

export interface SealedAnew extends SealedGrant {
  readonly sealedAnew: Buffer
}

/** Before every grant. */
export const beforeAllGrants: AppleGrantKey = { userId: '00000000-0000-0000-0000-000000000000', clientId: '' }

const read = {
  name: 'read-sealed-grants',
  text: `SELECT user_id AS "userId", client_id AS "clientId", refresh_token_sealed AS sealed
    FROM auth.apple_grants WHERE (user_id, client_id) > ($1, $2) AND refresh_token_sealed IS NOT NULL
    ORDER BY user_id, client_id LIMIT $3`,
}

/** What was replaced meanwhile by Apple's next token stays. */
const replace = {
  name: 'replace-sealed-grants',
  text: `UPDATE auth.apple_grants AS g SET refresh_token_sealed = n.sealed_anew
    FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) AS n (user_id, client_id, sealed, sealed_anew)
    WHERE g.user_id = n.user_id AND g.client_id = n.client_id AND g.refresh_token_sealed = n.sealed`,
}

/** At most `limit`, those that come after `after`. */
export const readSealedGrants = async (
  database: Queryable,
  { after, limit }: { after: AppleGrantKey; limit: number },
): Promise<readonly SealedGrant[]> =>
  (await database.query<SealedGrant>({ ...read, values: [after.userId, after.clientId, limit] })).rows

/** Resolves with how many were replaced. */
export const replaceSealedGrants = async (database: Queryable, grants: readonly SealedAnew[]): Promise<number> => {
  const columns = [
    grants.map(grant => grant.userId),
    grants.map(grant => grant.clientId),
    grants.map(grant => grant.sealed),
    grants.map(grant => grant.sealedAnew),
  ]
  return (await database.query({ ...replace, values: columns })).rowCount ?? 0
}
