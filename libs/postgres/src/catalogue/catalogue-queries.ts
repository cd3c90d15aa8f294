// The catalogues, read. Everything is sorted by the bytes of its name: the database's collation has no say.
// $1 is the list of schemas. NOT NULL constraints have rows of their own from version 18 on; here they are part of the column.
// What is said of roles and rights is in catalogue-role-queries.ts.

export const inSchemas = (namespace: string): string =>
  `${namespace} IN (SELECT oid FROM pg_namespace WHERE nspname = ANY ($1::text[]))`
export const qualified = (namespace: string, name: string): string =>
  `format('%I.%I', ${namespace}::regnamespace::name, ${name})`

export const enums = `
SELECT ${qualified('t.typnamespace', 't.typname')} AS name,
  (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS values
FROM pg_type t WHERE t.typtype = 'e' AND ${inSchemas('t.typnamespace')}
ORDER BY ${qualified('t.typnamespace', 't.typname')} COLLATE "C"`

/** Those that are not as they would be without being said; of a sequence that counts up. */
const sequenceOptions = (sequence: string): string => `(
  SELECT concat_ws(' ',
    CASE WHEN s.seqincrement <> 1 THEN 'INCREMENT BY ' || s.seqincrement END,
    CASE WHEN s.seqmin <> 1 THEN 'MINVALUE ' || s.seqmin END,
    CASE WHEN s.seqmax <> CASE s.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
      ELSE 9223372036854775807 END THEN 'MAXVALUE ' || s.seqmax END,
    CASE WHEN s.seqstart <> 1 THEN 'START WITH ' || s.seqstart END,
    CASE WHEN s.seqcache <> 1 THEN 'CACHE ' || s.seqcache END,
    CASE WHEN s.seqcycle THEN 'CYCLE' END)
  FROM pg_sequence s WHERE s.seqrelid = ${sequence})`

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
    'sequence', (SELECT ${sequenceOptions('i.objid')} FROM pg_depend i
      WHERE i.classid = 'pg_class'::regclass AND i.refclassid = 'pg_class'::regclass AND i.refobjid = a.attrelid
        AND i.refobjsubid = a.attnum AND i.deptype = 'i'),
    'storage', CASE WHEN a.attstorage <> t.typstorage THEN
      CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END
  ) ORDER BY a.attnum), '[]')
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`

const constraints = `
SELECT coalesce(json_agg(json_build_object('name', k.conname, 'isForeignKey', k.contype = 'f',
  'definition', pg_get_constraintdef(k.oid, true)) ORDER BY k.conname::text COLLATE "C"), '[]')
FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')`

const indexes = `
SELECT coalesce(array_agg(pg_get_indexdef(i.indexrelid) ORDER BY x.relname::text COLLATE "C"), '{}')
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = c.oid AND NOT EXISTS (
  SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))`

export const tables = `
SELECT ${qualified('c.relnamespace', 'c.relname')} AS name, c.relpersistence = 'u' AS "isUnlogged",
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
  SELECT 'sequence', concat_ws(' ', 'CREATE SEQUENCE ' || ${qualified('c.relnamespace', 'c.relname')},
    'AS ' || format_type(q.seqtypid, NULL), nullif(${sequenceOptions('c.oid')}, '')) || ';'
  FROM pg_class c JOIN pg_sequence q ON q.seqrelid = c.oid WHERE c.relkind = 'S' AND ${inSchemas('c.relnamespace')} AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
  UNION ALL
  SELECT 'trigger', pg_get_triggerdef(g.oid) || ';'
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal AND ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT 'rule', pg_get_ruledef(r.oid)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN' AND ${inSchemas('c.relnamespace')}
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

/** What was switched on or off, or went wrong, after it was made. Of triggers that constraints have, the names are numbers. */
export const states = `
SELECT line FROM (
  SELECT format('ALTER TABLE %s %s ROW LEVEL SECURITY;', ${qualified('c.relnamespace', 'c.relname')}, s.what) AS line
  FROM pg_class c, LATERAL (VALUES ('ENABLE', c.relrowsecurity), ('FORCE', c.relforcerowsecurity)) AS s (what, is_so)
  WHERE s.is_so AND ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT format('%sALTER TABLE %s %s TRIGGER %s;', CASE WHEN g.tgisinternal THEN '-- ' END,
    ${qualified('c.relnamespace', 'c.relname')},
    CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
    CASE WHEN g.tgisinternal THEN format('of %I', k.conname) ELSE quote_ident(g.tgname) END)
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid LEFT JOIN pg_constraint k ON k.oid = g.tgconstraint
  WHERE g.tgenabled <> 'O' AND ${inSchemas('c.relnamespace')}
  UNION ALL
  SELECT format('-- the index %s is not valid', ${qualified('c.relnamespace', 'c.relname')})
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND ${inSchemas('c.relnamespace')}
) AS all_states GROUP BY line ORDER BY line COLLATE "C"`
