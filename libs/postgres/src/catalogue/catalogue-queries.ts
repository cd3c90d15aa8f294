// The catalogues, read. Everything is sorted by the bytes of its name: the database's collation has no say.
// $1 is the list of schemas. NOT NULL constraints have rows of their own from version 18 on; here they are part of the column.

const inSchemas = (namespace: string): string =>
  `${namespace} IN (SELECT oid FROM pg_namespace WHERE nspname = ANY ($1::text[]))`
const qualified = (namespace: string, name: string): string =>
  `format('%I.%I', ${namespace}::regnamespace::name, ${name})`

export const enums = `
SELECT ${qualified('t.typnamespace', 't.typname')} AS name,
  (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS values
FROM pg_type t WHERE t.typtype = 'e' AND ${inSchemas('t.typnamespace')}
ORDER BY ${qualified('t.typnamespace', 't.typname')} COLLATE "C"`

const columns = `
SELECT coalesce(json_agg(json_build_object(
    'name', a.attname,
    'type', format_type(a.atttypid, a.atttypmod),
    'typeName', CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname::text
      ELSE ${qualified('t.typnamespace', 't.typname')} END,
    'collation', CASE WHEN a.attcollation <> t.typcollation
      THEN (SELECT ${qualified('l.collnamespace', 'l.collname')} FROM pg_collation l WHERE l.oid = a.attcollation) END,
    'nullable', NOT a.attnotnull,
    'default', pg_get_expr(d.adbin, d.adrelid),
    'generated', a.attgenerated <> '',
    'identity', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
    'storage', CASE WHEN a.attstorage <> t.typstorage THEN
      CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END
  ) ORDER BY a.attnum), '[]')
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`

const constraints = `
SELECT coalesce(json_agg(json_build_object('name', k.conname, 'isForeignKey', k.contype = 'f',
  'definition', pg_get_constraintdef(k.oid)) ORDER BY k.conname::text COLLATE "C"), '[]')
FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')`

const indexes = `
SELECT coalesce(array_agg(pg_get_indexdef(i.indexrelid) ORDER BY x.relname::text COLLATE "C"), '{}')
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = c.oid AND NOT EXISTS (
  SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))`

export const tables = `
SELECT ${qualified('c.relnamespace', 'c.relname')} AS name,
  coalesce((SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(c.reloptions) o), '{}') AS options,
  (${columns}) AS columns, (${constraints}) AS constraints, (${indexes}) AS indexes
FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f') AND ${inSchemas('c.relnamespace')}
ORDER BY ${qualified('c.relnamespace', 'c.relname')} COLLATE "C"`

export const others = `
SELECT line FROM (
  SELECT 'function' AS kind, pg_get_functiondef(p.oid) || ';' AS line
  FROM pg_proc p WHERE p.prokind IN ('f', 'p') AND ${inSchemas('p.pronamespace')}
  UNION ALL
  SELECT 'view', format('CREATE %s %I.%I AS%s%s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END,
    c.relnamespace::regnamespace::name, c.relname, E'\\n', pg_get_viewdef(c.oid))
  FROM pg_class c WHERE c.relkind IN ('v', 'm') AND ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT 'sequence', format('CREATE SEQUENCE %I.%I;', c.relnamespace::regnamespace::name, c.relname)
  FROM pg_class c WHERE c.relkind = 'S' AND ${inSchemas('c.relnamespace')} AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
  UNION ALL
  SELECT 'trigger', pg_get_triggerdef(g.oid) || ';'
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal AND ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT 'policy', format('CREATE POLICY %I ON %I.%I FOR %s USING (%s) WITH CHECK (%s);', p.polname,
    c.relnamespace::regnamespace::name, c.relname, p.polcmd, pg_get_expr(p.polqual, p.polrelid),
    pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE ${inSchemas('c.relnamespace')}
) AS all_others ORDER BY kind COLLATE "C", line COLLATE "C"`

/** Where a comment stands depends on what it is on; tables, columns, indexes, constraints and types are what Cairn comments. */
export const comments = `
SELECT line FROM (
  SELECT format('COMMENT ON %s %s IS %L;', CASE c.relkind WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END,
    ${qualified('c.relnamespace', 'c.relname')}, d.description) AS line
  FROM pg_description d JOIN pg_class c ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
  WHERE c.relkind IN ('r', 'i') AND ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT format('COMMENT ON COLUMN %s.%I IS %L;', ${qualified('c.relnamespace', 'c.relname')}, a.attname, d.description)
  FROM pg_description d JOIN pg_class c ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
  WHERE d.objsubid > 0 AND ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT format('COMMENT ON CONSTRAINT %I ON %s IS %L;', k.conname, k.conrelid::regclass, d.description)
  FROM pg_description d JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid
  WHERE k.conrelid <> 0 AND ${inSchemas('k.connamespace')}
  UNION ALL
  SELECT format('COMMENT ON TYPE %s IS %L;', ${qualified('t.typnamespace', 't.typname')}, d.description)
  FROM pg_description d JOIN pg_type t ON d.classoid = 'pg_type'::regclass AND d.objoid = t.oid
  WHERE t.typtype <> 'c' AND ${inSchemas('t.typnamespace')}
) AS all_comments ORDER BY line COLLATE "C"`

/** What anybody but the owner may do. MAINTAIN is new in 17; it is given to nobody here, so it shows only if somebody did. */
const granted = (acl: string, owner: string): string => `
LATERAL (
  SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END AS grantee,
    string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type COLLATE "C") AS rights
  FROM aclexplode(${acl}) x WHERE x.grantee <> ${owner} GROUP BY x.grantee
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
