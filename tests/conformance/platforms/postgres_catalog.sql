-- What a database is made of, a line a thing, without the numbers that change when a thing is made again.
WITH spaces AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
    WHERE nspname <> 'information_schema' AND NOT nspname ^@ 'pg_'
), relations AS (
    SELECT c.*, s.nspname AS space, s.nspname || '.' || c.relname AS name
    FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
)
SELECT 'schema' AS kind, nspname AS name, '' AS part,
    concat_ws(' ', nspowner::regrole, nspacl::text) AS definition
FROM spaces
UNION ALL
SELECT 'relation', name, '',
    concat_ws(' ', relkind, relpersistence, relowner::regrole, relacl::text, reloptions::text, relrowsecurity,
        relforcerowsecurity, relreplident, pg_get_expr(relpartbound, oid), obj_description(oid, 'pg_class'),
        CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)
FROM relations
UNION ALL
SELECT 'column', r.name, lpad(row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum)::text, 4, '0'),
    concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation, a.attacl::text,
        a.attstorage, col_description(r.oid, a.attnum))
FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.relkind NOT IN ('i', 'I', 'S')
UNION ALL
SELECT 'constraint', c.conrelid::regclass::text, c.conname, concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated)
FROM pg_constraint c JOIN spaces s ON s.oid = c.connamespace
UNION ALL
SELECT 'index', r.name, '', concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered)
FROM pg_index i JOIN relations r ON r.oid = i.indexrelid
UNION ALL
SELECT 'trigger', r.name, CASE WHEN t.tgisinternal THEN '' ELSE t.tgname END,
    concat_ws(' ', t.tgenabled, CASE WHEN t.tgisinternal THEN t.tgfoid::regproc::text ELSE pg_get_triggerdef(t.oid) END)
FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid
UNION ALL
SELECT 'sequence', r.name, '',
    concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
FROM pg_sequence s JOIN relations r ON r.oid = s.seqrelid
UNION ALL
SELECT 'function', p.oid::regprocedure::text, '',
    CASE WHEN p.prokind = 'a' THEN p.prosrc ELSE pg_get_functiondef(p.oid) END
FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
UNION ALL
SELECT 'type', format_type(t.oid, NULL), '',
    concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
        (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r')
UNION ALL
SELECT 'policy', schemaname || '.' || tablename, policyname,
    concat_ws(' ', permissive, roles::text, cmd, qual, with_check)
FROM pg_policies
UNION ALL
SELECT 'rule', schemaname || '.' || tablename, rulename, definition
FROM pg_rules WHERE schemaname IN (SELECT nspname FROM spaces)
UNION ALL
SELECT 'extension', extname, '', extversion FROM pg_extension
UNION ALL
SELECT 'prepared transaction', gid, '', owner::text FROM pg_prepared_xacts WHERE database = current_database()
ORDER BY kind, name, part, definition
