"""What PostgreSQL's own catalog is asked: one query for all tables, whatever is described."""

from __future__ import annotations

OURS = """(n.nspname ^@ 'migrator_stage:'
    OR n.nspname = 'migrator' AND (c.relname = 'migrator_loads' OR c.relname ^@ 'migrator_journal:'))"""
"""What this software keeps in a target; any other name, however alike, is somebody's data."""

TABLES = f"""
SELECT c.oid, n.nspname, c.relname, n.nspname = current_schema() AS by_default, c.relkind = 'p' AS partitioned,
    c.relkind::text AS kind,
    obj_description(c.oid, 'pg_class') AS comment, pg_get_partkeydef(c.oid) AS partition_key,
    ARRAY(SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT {OURS}
    AND (%(only)s::text IS NULL OR CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname
        = %(only)s)
ORDER BY c.oid
"""

COLUMNS = r"""
WITH RECURSIVE based (domain, base, modifier) AS (
    SELECT oid, typbasetype, typtypmod FROM pg_type WHERE typtype = 'd'
    UNION ALL
    SELECT b.domain, t.typbasetype, t.typtypmod
    FROM based b JOIN pg_type t ON t.oid = b.base WHERE t.typtype = 'd'
), domains AS (
    SELECT b.domain, b.base, b.modifier FROM based b JOIN pg_type t ON t.oid = b.base WHERE t.typtype <> 'd'
)
SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod) AS native,
    format_type(coalesce(d.base, a.atttypid), coalesce(d.modifier, a.atttypmod)) AS base,
    CASE WHEN t.oid IN (1042, 1043) THEN nullif(coalesce(d.modifier, a.atttypmod), -1) - 4 END AS max_length,
    a.attnotnull OR (own.typtype = 'd' AND own.typnotnull) AS not_null,
    CASE WHEN a.attgenerated = '' THEN pg_get_expr(x.adbin, x.adrelid) END AS "default",
    a.attgenerated <> '' AS generated,
    a.attidentity <> '' OR coalesce(pg_get_expr(x.adbin, x.adrelid), '') ~ '^nextval\(' AS identity,
    CASE WHEN NOT o.collisdeterministic THEN quote_ident(o.collname) END AS collation,
    col_description(a.attrelid, a.attnum) AS comment, t.typtype = 'e' AS enumerated,
    ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS choices,
    a.attidentity::text AS identity_kind,
    CASE WHEN a.attgenerated <> '' THEN pg_get_expr(x.adbin, x.adrelid) END AS expression,
    CASE WHEN o.collname <> 'default' AND o.oid <> own.typcollation THEN quote_ident(o.collname) END
        AS written_collation
FROM pg_attribute a
JOIN pg_type own ON own.oid = a.atttypid
LEFT JOIN domains d ON d.domain = a.atttypid
JOIN pg_type t ON t.oid = coalesce(d.base, a.atttypid)
LEFT JOIN pg_attrdef x ON x.adrelid = a.attrelid AND x.adnum = a.attnum
LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

KEYS = """
SELECT i.indrelid, c.relname AS name, i.indisprimary AS "primary", ARRAY(
        SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
        WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY(%s) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid
ORDER BY i.indrelid, c.relname
"""

FOREIGN_KEYS = """
SELECT coalesce(pg_partition_root(f.conrelid)::oid, f.conrelid) AS pointing, f.conrelid, f.conname,
    f.confrelid, f.confdeltype::text, f.confupdtype::text, f.condeferrable,
    ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number ORDER BY k.place) AS columns,
    ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number ORDER BY k.place) AS parent_columns
FROM pg_constraint f
WHERE f.contype = 'f' AND f.conparentid = 0 AND coalesce(pg_partition_root(f.conrelid)::oid, f.conrelid) = ANY(%s)
ORDER BY 1, f.conname
"""

PARTITION_ROOTS = """
SELECT c.oid, pg_partition_root(c.oid)::oid FROM pg_class c WHERE c.relispartition AND c.relkind IN ('r', 'p')
"""

TRIGGERS = """
SELECT DISTINCT coalesce(pg_partition_root(t.tgrelid)::oid, t.tgrelid), t.tgname FROM pg_trigger t
WHERE NOT t.tgisinternal AND coalesce(pg_partition_root(t.tgrelid)::oid, t.tgrelid) = ANY(%s) ORDER BY 1, 2
"""

CHECKS = """
SELECT k.conrelid, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k
WHERE k.contype IN ('c', 'u', 'p', 'f', 'x') AND k.conparentid = 0 AND k.conrelid = ANY(%s)
ORDER BY k.conrelid, array_position(ARRAY['p', 'u', 'c', 'x', 'f'], k.contype::text), k.conname
"""

INDEXED = """
SELECT i.indrelid, a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = ANY(%s) AND i.indisvalid AND i.indpred IS NULL
"""

SIZE = """
SELECT coalesce(sum(pg_table_size(c.oid)), 0)::bigint, coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint
FROM pg_class c WHERE c.oid = {oid} OR c.oid IN (SELECT relid FROM pg_partition_tree({oid}))
"""

OWNERS = """
SELECT DISTINCT pg_get_userbyid(c.relowner)::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'migrator' AND c.relname ^@ {journals} AND c.relkind = 'r' AND NOT pg_has_role(c.relowner, 'USAGE')
"""
"""Whose journals these are, other than the user's own."""

MOVED = """
WITH RECURSIVE tree AS (
    SELECT c.oid, c.relkind, c.relfilenode FROM pg_class c WHERE c.oid = {oid}
    UNION ALL
    SELECT c.oid, c.relkind, c.relfilenode FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid
    JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
), moved AS (
    SELECT oid FROM tree WHERE relkind IN ('r', 'm') AND pg_relation_filenode(oid) IS DISTINCT FROM relfilenode
        OR oid <> {oid} AND oid NOT IN (SELECT relid FROM pg_partition_tree({oid}))
    UNION ALL
    SELECT c.oid FROM pg_partition_tree({oid}) p JOIN pg_class c ON c.oid = p.relid
    WHERE c.oid NOT IN (SELECT oid FROM tree)
)
SELECT count(*) FROM moved WHERE NOT EXISTS (SELECT FROM {sql} LIMIT 0)
"""
"""How much of a table is not where the snapshot has it; the table is named, so that the server first looks again."""

BENEATH = """
WITH RECURSIVE beneath AS (
    SELECT c.oid, c.relkind FROM pg_class c WHERE c.oid = {oid}
    UNION
    SELECT c.oid, c.relkind FROM beneath b CROSS JOIN LATERAL (
        SELECT d.refobjid AS oid FROM pg_rewrite r
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        WHERE b.relkind = 'v' AND r.ev_class = b.oid AND d.refclassid = 'pg_class'::regclass
        UNION ALL
        SELECT i.inhrelid FROM pg_inherits i WHERE b.relkind = 'r' AND i.inhparent = b.oid
    ) read JOIN pg_class c ON c.oid = read.oid
)
SELECT b.oid::bigint, b.relkind = 'f', b.oid::regclass::text FROM beneath b
WHERE b.relkind IN ('r', 'p', 'm', 'f') AND b.oid >= 16384 ORDER BY b.oid
"""
"""What a view reads in the end, the server's own catalog left out; whether that is on another server; its name."""

SERVER = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
    current_setting('server_encoding') AS encoding,
    current_user::text AS username, clock_timestamp() AS clock, pg_is_in_recovery() AS standby,
    coalesce(current_setting('hot_standby_feedback', true), 'off') = 'on' AS feedback,
    current_setting('max_standby_streaming_delay') AS standby_delay,
    current_setting('max_connections')::int AS max_connections,
    (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - (SELECT sum(numbackends) FROM pg_stat_database))::int + 1 AS free_connections
"""

RIGHTS = """
SELECT c.oid, n.nspname, c.relname, has_schema_privilege(n.oid, 'USAGE') AS may_use,
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS may_select,
    ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY u (p, place)
        WHERE NOT has_table_privilege(c.oid, p) ORDER BY place) AS lacks,
    row_security_active(c.oid) AS hides_rows,
    pg_get_userbyid(c.relowner)::text AS owner, pg_has_role(c.relowner, 'USAGE') AS owned,
    (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0) FROM pg_class p
        WHERE p.oid = c.oid OR p.oid IN (SELECT relid FROM pg_partition_tree(c.oid)))::bigint AS rows,
    (SELECT coalesce(sum(pg_table_size(p.oid)), 0) FROM pg_class p
        WHERE p.oid = c.oid OR p.oid IN (SELECT relid FROM pg_partition_tree(c.oid)))::bigint AS bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY(%s) ORDER BY n.nspname, c.relname
"""

WRITER = """
SELECT current_database()::text AS database, has_database_privilege(current_database(), 'CREATE') AS may_create,
    current_setting('transaction_read_only') = 'on' AS read_only,
    ARRAY(SELECT p FROM unnest(ARRAY['USAGE', 'CREATE']) p WHERE NOT has_schema_privilege(n.oid, p)) AS lacks_on_schema,
    ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
        WHERE NOT has_table_privilege(m.oid, p)) AS lacks_on_markers
FROM (SELECT) one LEFT JOIN pg_namespace n ON n.nspname = 'migrator'
LEFT JOIN pg_class m ON m.relnamespace = n.oid AND m.relname = 'migrator_loads'
"""

SEQUENCES = """
WITH used AS (
    SELECT d.refobjid AS relation, d.refobjsubid AS attnum, d.objid AS sequence FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
    UNION
    SELECT f.adrelid, f.adnum, d.refobjid FROM pg_attrdef f
    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
)
SELECT u.relation, a.attname::text AS "column", n.nspname, c.relname,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, q.seqincrement AS step, q.seqmin AS least,
    q.seqmax AS greatest, pg_has_role(c.relowner, 'USAGE') AS owned,
    has_sequence_privilege(c.oid, 'SELECT') AND has_sequence_privilege(c.oid, 'UPDATE') AS may_set
FROM used u JOIN pg_class c ON c.oid = u.sequence AND c.relkind = 'S'
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence q ON q.seqrelid = c.oid
JOIN pg_attribute a ON a.attrelid = u.relation AND a.attnum = u.attnum
WHERE u.relation = ANY({tables}) ORDER BY u.relation, u.attnum
"""
