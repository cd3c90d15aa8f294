// Rights and roles, read. $1 is the list of schemas, $2 an object of the names under which roles are shown: those of one server are
// not called like another's.
import { inSchemas, qualified } from './catalogue-queries.ts'

const shown = (role: string): string =>
  `quote_ident(coalesce($2::jsonb ->> pg_get_userbyid(${role})::text, pg_get_userbyid(${role})))`

/** What anybody but the owner may do. MAINTAIN is new in 17; it is given to nobody here, so it shows only if somebody did. */
const granted = (acl: string, owner: string): string => `
LATERAL (
  SELECT concat_ws(' ', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE ${shown('x.grantee')} END,
      CASE WHEN x.is_grantable THEN 'WITH GRANT OPTION' END) AS grantee,
    string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type COLLATE "C") AS rights
  FROM aclexplode(${acl}) x WHERE x.grantee <> ${owner} GROUP BY x.grantee, x.is_grantable
) AS g`

export const grants = `
SELECT line FROM (
  SELECT 1 AS place, format('GRANT %s ON SCHEMA %I TO %s;', g.rights, n.nspname, g.grantee) AS line
  FROM pg_namespace n, ${granted('n.nspacl', 'n.nspowner')} WHERE n.nspname = ANY ($1::text[])
  UNION ALL
  SELECT 2, format('GRANT %s ON %s %s TO %s;', g.rights, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
    ${qualified('c.relnamespace', 'c.relname')}, g.grantee)
  FROM pg_class c, ${granted('c.relacl', 'c.relowner')} WHERE ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT 3, format('GRANT %s (%I) ON %s TO %s;', g.rights, a.attname, ${qualified('c.relnamespace', 'c.relname')}, g.grantee)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, ${granted('a.attacl', 'c.relowner')}
  WHERE ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT 4, format('ALTER DEFAULT PRIVILEGES IN SCHEMA %s GRANT %s ON %s TO %s;', d.defaclnamespace::regnamespace, g.rights,
    CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END, g.grantee)
  FROM pg_default_acl d, ${granted('d.defaclacl', 'd.defaclrole')} WHERE ${inSchemas('d.defaclnamespace')}
) AS all_grants ORDER BY place, line COLLATE "C"`

/** Those to whom the schemas are open: the services', and whoever else. */
const users = `
SELECT r.* FROM pg_roles r WHERE EXISTS (
  SELECT FROM pg_namespace n, aclexplode(n.nspacl) x
  WHERE n.nspname = ANY ($1::text[]) AND x.grantee = r.oid AND x.grantee <> n.nspowner)`

/** What these may do beside what they are granted. */
export const roles = `
WITH users AS (${users})
SELECT line FROM (
  SELECT 1 AS place, format('ALTER ROLE %s %s;', ${shown('u.oid')}, u.attributes) AS line
  FROM (SELECT oid, concat_ws(' ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
      CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
      CASE WHEN rolbypassrls THEN 'BYPASSRLS' END) AS attributes FROM users) AS u
  WHERE u.attributes <> ''
  UNION ALL
  SELECT DISTINCT 2, format('GRANT %s TO %s;', ${shown('m.roleid')}, ${shown('m.member')})
  FROM pg_auth_members m WHERE m.member IN (SELECT oid FROM users)
  UNION ALL
  SELECT 3, format('ALTER %s %s OWNER TO %s;', o.kind, o.name, ${shown('o.owner')})
  FROM (
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind,
      ${qualified('c.relnamespace', 'c.relname')} AS name, c.relowner AS owner
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ${inSchemas('c.relnamespace')}
    UNION ALL
    SELECT 'ROUTINE', p.oid::regprocedure::text, p.proowner FROM pg_proc p WHERE ${inSchemas('p.pronamespace')}
    UNION ALL
    SELECT 'TYPE', ${qualified('t.typnamespace', 't.typname')}, t.typowner
    FROM pg_type t WHERE t.typtype IN ('e', 'd') AND ${inSchemas('t.typnamespace')}
    UNION ALL
    SELECT 'SCHEMA', quote_ident(n.nspname), n.nspowner FROM pg_namespace n WHERE n.nspname = ANY ($1::text[])
  ) AS o WHERE o.owner IN (SELECT oid FROM users)
) AS all_roles ORDER BY place, line COLLATE "C"`
