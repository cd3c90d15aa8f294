// What the role of a service may do that it must not: change its schema, or look into another service's. By itself or as one of the
// roles that it may become, whether or not it has their rights without asking.
import type pg from 'pg'

const mine = `SELECT oid, rolcreaterole FROM pg_catalog.pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')`

const changes = `
SELECT what FROM (
  SELECT 1 AS place, 'owns ' || nspname AS what FROM place JOIN mine ON mine.oid = nspowner
  UNION ALL
  SELECT 2, 'may create in ' || nspname FROM place JOIN mine ON has_schema_privilege(mine.oid, place.oid, 'CREATE')
  UNION ALL
  SELECT 3, 'may make roles' FROM mine WHERE rolcreaterole
  UNION ALL
  SELECT 4, format('owns %s.%s', nspname, relname) FROM pg_catalog.pg_class
    JOIN place ON relnamespace = place.oid JOIN mine ON mine.oid = relowner
  UNION ALL
  SELECT 4, format('owns %s.%s', nspname, proname) FROM pg_catalog.pg_proc
    JOIN place ON pronamespace = place.oid JOIN mine ON mine.oid = proowner
  UNION ALL
  SELECT 4, format('owns %s.%s', nspname, typname) FROM pg_catalog.pg_type
    JOIN place ON typnamespace = place.oid JOIN mine ON mine.oid = typowner WHERE typtype IN ('e', 'd')
) AS changes ORDER BY place, what COLLATE "C" LIMIT 1`

/** Those of services are the ones with a history as the migrator keeps it: by its name alone it could be anybody's. */
const others = `
SELECT nspname FROM pg_catalog.pg_namespace JOIN mine ON has_schema_privilege(mine.oid, pg_namespace.oid, 'USAGE')
WHERE nspname <> $1 AND 3 = (
  SELECT count(*) FROM pg_catalog.pg_class JOIN pg_catalog.pg_attribute ON attrelid = pg_class.oid
  WHERE relnamespace = pg_namespace.oid AND relname = 'schema_history' AND attname IN ('name', 'checksum', 'applied_at'))
ORDER BY nspname LIMIT 1`

const find = `
WITH mine AS (${mine}), place AS (SELECT oid, nspname, nspowner FROM pg_catalog.pg_namespace WHERE nspname = $1)
SELECT current_user AS role, (${changes}) AS change, (${others})::text AS other`

/** For people; undefined when nothing is wrong. */
export const findRoleFault = async (client: pg.ClientBase, schema: string): Promise<string | undefined> => {
  const { rows } = await client.query<{ role: string; change: string | null; other: string | null }>(find, [schema])
  const { role = '', change = null, other = null } = rows[0] ?? {}
  if (change === null && other === null) return undefined
  const what =
    change === null ? `can use the schema of another service (${other})` : `can change the schema (${change})`
  return `${schema} connects as ${role}, who ${what}: give it a role of its own`
}
