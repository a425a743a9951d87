"""What PostgreSQL's catalog is asked for a model: rows of a table's object id, or 0, and a noun's fields as JSON.

`{tables}` is an array of object ids. Properties that an older server does not have are taken through to_jsonb, which
gives NULL for them. What is written as a reference (a collation, an operator class) is quoted where it has to be.
"""

from __future__ import annotations

from migrator.platforms.postgres.unrestored import OF_TABLE

_SCHEMA = "nullif(n.nspname, current_schema())"
_NAME = "CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname"
"""As a description names a table `c` in a schema `n`."""


def _collation(oid: str) -> str:
    """A reference to a collation; NULL where there is none of that number."""
    return f"""(SELECT CASE WHEN pg_collation_is_visible(o.oid) THEN '' ELSE quote_ident(s.nspname) || '.' END
        || quote_ident(o.collname) FROM pg_collation o JOIN pg_namespace s ON s.oid = o.collnamespace
        WHERE o.oid = {oid})"""


_CHECKS = """SELECT {} json_build_object('name', k.conname, 'expression', pg_get_expr(k.conbin, k.conrelid),
    'valid', k.convalidated, 'inherited', NOT k.connoinherit, 'comment', obj_description(k.oid, 'pg_constraint'))"""

SEARCH_PATH = "SELECT 0::bigint, to_json((current_schemas(false))[2:])::text"

_NEEDED = """
WITH RECURSIVE relations AS (
    SELECT unnest({tables}) AS oid
    UNION SELECT t.relid FROM unnest({tables}) r (oid), pg_partition_tree(r.oid) t
    UNION SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = ANY({tables})
), parts (class, object) AS (
    SELECT 'pg_class'::regclass::oid, r.oid FROM relations r
    UNION ALL SELECT 'pg_attrdef'::regclass, f.oid FROM pg_attrdef f JOIN relations r ON r.oid = f.adrelid
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k JOIN relations r ON r.oid = k.conrelid
), needed (class, object, depth) AS (
    SELECT d.refclassid, d.refobjid, 1
    FROM parts p JOIN pg_depend d ON d.classid = p.class AND d.objid = p.object
    WHERE d.refclassid <> 'pg_class'::regclass
    UNION
    SELECT d.refclassid, d.refobjid, e.depth + 1
    FROM needed e JOIN pg_type t ON e.class = 'pg_type'::regclass AND t.oid = e.object AND e.depth < 64
    CROSS JOIN LATERAL (
        SELECT 'pg_type'::regclass::oid AS class, t.oid AS object
        UNION ALL SELECT 'pg_class'::regclass, t.typrelid
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k WHERE k.contypid = t.oid
    ) p JOIN pg_depend d ON d.classid = p.class AND d.objid = p.object
    WHERE d.refclassid <> 'pg_class'::regclass AND d.refobjid <> t.oid
), deepest AS (
    SELECT class, object, max(depth) AS depth FROM needed GROUP BY class, object
), extended AS (
    SELECT d.classid AS class, d.objid AS object, d.refobjid AS extension FROM pg_depend d
    WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
)
"""
"""What the tables cannot be declared without, and how deep it lies under them."""

EXTENSIONS = f"""{_NEEDED}
SELECT DISTINCT 0::bigint, to_json(CASE WHEN n.nspname IN (current_schema(), 'pg_catalog') THEN ''
    ELSE n.nspname || '.' END || x.extname)::text AS name
FROM deepest e JOIN extended m USING (class, object) JOIN pg_extension x ON x.oid = m.extension
JOIN pg_namespace n ON n.oid = x.extnamespace ORDER BY name
"""

TYPES = f"""{_NEEDED}
SELECT 0::bigint, json_build_object('name', t.typname, 'schema', {_SCHEMA},
    'kind', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite' ELSE 'range' END,
    'labels', ARRAY(SELECT l.enumlabel FROM pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder),
    'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
        ELSE format_type(r.rngsubtype, NULL) END,
    'nullable', NOT t.typnotnull,
    'default', pg_get_expr(t.typdefaultbin, 'pg_type'::regclass),
    'collation', coalesce({_collation("r.rngcollation")}, CASE WHEN t.typcollation IS DISTINCT FROM
        (SELECT b.typcollation FROM pg_type b WHERE b.oid = t.typbasetype) THEN {_collation("t.typcollation")} END),
    'checks', coalesce(({_CHECKS.format("json_agg(")} ORDER BY k.conname) FROM pg_constraint k
        WHERE k.contypid = t.oid AND k.contype = 'c'), '[]'),
    'attributes', coalesce((SELECT json_agg(json_build_object('name', a.attname,
            'native', format_type(a.atttypid, a.atttypmod), 'comment', col_description(a.attrelid, a.attnum),
            'collation', CASE WHEN a.attcollation <> b.typcollation THEN {_collation("a.attcollation")} END
        ) ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
    'options', CASE WHEN t.typtype = 'r' THEN json_strip_nulls(json_build_object(
        'subtype_opclass', (SELECT CASE WHEN pg_opclass_is_visible(q.oid) THEN '' ELSE quote_ident(s.nspname) || '.'
            END || quote_ident(q.opcname) FROM pg_opclass q JOIN pg_namespace s ON s.oid = q.opcnamespace
            WHERE q.oid = r.rngsubopc AND NOT q.opcdefault),
        'subtype_diff', nullif(r.rngsubdiff::oid, 0)::regproc::text,
        'canonical', nullif(r.rngcanonical::oid, 0)::regproc::text,
        'multirange_type_name',
            (SELECT u.typname FROM pg_type u WHERE u.oid = (to_jsonb(r) ->> 'rngmultitypid')::oid)
    )) ELSE '{{{{}}}}' END,
    'comment', obj_description(t.oid, 'pg_type'))::text
FROM deepest e JOIN pg_type t ON e.class = 'pg_type'::regclass AND t.oid = e.object AND t.typtype IN ('e','d','c','r')
JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_class w ON w.oid = t.typrelid LEFT JOIN extended m USING (class, object)
WHERE m.extension IS NULL AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND coalesce(w.relkind, 'c') = 'c'
ORDER BY e.depth DESC, n.nspname, t.typname
"""

COLLATIONS = f"""{_NEEDED}
SELECT 0::bigint, json_build_object('name', o.collname, 'schema', {_SCHEMA}, 'kind', 'collation',
    'options', json_strip_nulls(json_build_object(
        'provider', CASE o.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
        'locale', coalesce(to_jsonb(o) ->> 'colllocale', to_jsonb(o) ->> 'colliculocale',
            CASE WHEN o.collprovider <> 'c' THEN o.collcollate END),
        'lc_collate', CASE WHEN o.collprovider = 'c' THEN o.collcollate END,
        'lc_ctype', CASE WHEN o.collprovider = 'c' THEN o.collctype END,
        'rules', to_jsonb(o) ->> 'collicurules',
        'deterministic', CASE WHEN o.collprovider = 'i' THEN o.collisdeterministic::text END)),
    'comment', obj_description(o.oid, 'pg_collation'))::text
FROM deepest e JOIN pg_collation o ON e.class = 'pg_collation'::regclass AND o.oid = e.object
JOIN pg_namespace n ON n.oid = o.collnamespace LEFT JOIN extended m USING (class, object)
WHERE m.extension IS NULL AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY n.nspname, o.collname
"""

SEQUENCES = f"""
WITH owned AS (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number, d.deptype FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
), used AS (
    SELECT d.refobjid AS sequence FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass
        AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
    WHERE f.adrelid = ANY({{tables}})
), found AS (
    SELECT q.*, f.relname AS sequence, f.relnamespace, c.relname, a.attname, o.relation, o.deptype = 'i' AS internal,
        n.nspname AS "of"
    FROM pg_sequence q JOIN pg_class f ON f.oid = q.seqrelid
    LEFT JOIN owned o ON o.sequence = q.seqrelid AND o.relation = ANY({{tables}})
    LEFT JOIN pg_class c ON c.oid = o.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = o.relation AND a.attnum = o.number
    WHERE o.relation IS NOT NULL OR q.seqrelid IN (SELECT sequence FROM used)
        OR f.relpersistence <> 't' AND q.seqrelid NOT IN (SELECT sequence FROM owned) AND f.relnamespace IN (
            SELECT t.relnamespace FROM pg_class t WHERE t.oid = ANY({{tables}}))
)
SELECT CASE WHEN c.internal THEN c.relation ELSE 0 END::bigint, json_build_object('name', c.sequence,
    'schema', {_SCHEMA}, 'type', format_type(c.seqtypid, NULL), 'start', c.seqstart, 'increment', c.seqincrement,
    'least', c.seqmin, 'greatest', c.seqmax, 'cycle', c.seqcycle, 'cache', c.seqcache,
    'owner', CASE WHEN c."of" = current_schema() THEN '' ELSE c."of" || '.' END || c.relname,
    'owner_column', c.attname, 'comment', obj_description(c.seqrelid, 'pg_class'))::text
FROM found c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.seqrelid AND d.deptype = 'e')
ORDER BY n.nspname, c.sequence
"""

TABLES = f"""
SELECT c.oid::bigint, json_build_object('table', {_NAME}, 'partitioned_by', pg_get_partkeydef(c.oid),
    'notes', {OF_TABLE},
    'options', coalesce((SELECT json_object_agg(name, value) FROM (
        SELECT 'persistence' AS name, 'unlogged' AS value WHERE c.relpersistence = 'u'
        UNION ALL SELECT o.option_name, o.option_value FROM pg_options_to_table(c.reloptions) o) given), '{{{{}}}}'),
    'inherits', ARRAY(
        SELECT CASE WHEN m.nspname = current_schema() THEN '' ELSE m.nspname || '.' END || p.relname
        FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace m ON m.oid = p.relnamespace
        WHERE i.inhrelid = c.oid ORDER BY i.inhseqno))::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY({{tables}}) ORDER BY n.nspname, c.relname
"""

PARTITIONS = f"""
SELECT i.inhparent::bigint, json_build_object('oid', c.oid::bigint, 'name', c.relname, 'schema', {_SCHEMA},
    'bound', pg_get_expr(c.relpartbound, c.oid), 'partitioned_by', pg_get_partkeydef(c.oid))::text
FROM unnest({{tables}}) r (oid), pg_partition_tree(r.oid) t JOIN pg_class c ON c.oid = t.relid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE t.level > 0 ORDER BY n.nspname, c.relname
"""

CHECKS = f"""
{_CHECKS.format("k.conrelid::bigint,")}::text FROM pg_constraint k
WHERE k.contype = 'c' AND k.conislocal AND k.conrelid = ANY({{tables}}) ORDER BY k.conrelid, k.conname
"""

_PARTS = f"""(SELECT json_agg(json_build_object('column', a.attname,
        'expression', CASE WHEN i.indkey[p - 1] = 0 THEN pg_get_indexdef(i.indexrelid, p, false) END,
        'descending', i.indoption[p - 1] & 1 = 1,
        'nulls_first', CASE WHEN (i.indoption[p - 1] & 2 = 2) <> (i.indoption[p - 1] & 1 = 1)
            THEN i.indoption[p - 1] & 2 = 2 END,
        'collation', CASE WHEN i.indcollation[p - 1] <> coalesce(a.attcollation, 100)
            THEN {_collation("i.indcollation[p - 1]")} END,
        'operator_class', (SELECT CASE WHEN pg_opclass_is_visible(q.oid) THEN '' ELSE quote_ident(s.nspname) || '.' END
            || quote_ident(q.opcname) FROM pg_opclass q JOIN pg_namespace s ON s.oid = q.opcnamespace
            WHERE q.oid = i.indclass[p - 1] AND NOT q.opcdefault)) ORDER BY p)
    FROM generate_series(1, i.indnkeyatts) p
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p - 1] AND a.attnum <> 0)"""

INDEXES = f"""
SELECT i.indrelid::bigint, json_build_object('name', c.relname, 'unique', i.indisunique, 'method', m.amname,
    'parts', {_PARTS},
    'included', ARRAY(SELECT a.attname FROM generate_series(i.indnkeyatts, i.indnatts - 1) p
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p] ORDER BY p),
    'where', pg_get_expr(i.indpred, i.indrelid),
    'nulls_distinct', NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
    'constraint', k.contype::text, 'deferrable', coalesce(k.condeferrable, false),
    'initially_deferred', coalesce(k.condeferred, false),
    'options', coalesce((SELECT json_object_agg(o.option_name, o.option_value)
        FROM pg_options_to_table(c.reloptions) o), '{{{{}}}}'),
    'comment', coalesce(obj_description(k.oid, 'pg_constraint'), obj_description(c.oid, 'pg_class')))::text
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
WHERE i.indrelid = ANY({{tables}}) AND i.indisvalid AND k.contype IS DISTINCT FROM 'x'
    AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)
ORDER BY i.indrelid, c.relname
"""

EXCLUSIONS = f"""
SELECT k.conrelid::bigint, json_build_object('name', k.conname, 'method', m.amname, 'parts', {_PARTS},
    'operators', (SELECT json_agg(CASE WHEN pg_operator_is_visible(o.oid) THEN '' ELSE s.nspname || '.' END
            || o.oprname ORDER BY e.place)
        FROM unnest(k.conexclop) WITH ORDINALITY e (oid, place) JOIN pg_operator o ON o.oid = e.oid
        JOIN pg_namespace s ON s.oid = o.oprnamespace),
    'where', pg_get_expr(i.indpred, i.indrelid), 'deferrable', k.condeferrable, 'initially_deferred', k.condeferred,
    'comment', obj_description(k.oid, 'pg_constraint'))::text
FROM pg_constraint k JOIN pg_index i ON i.indexrelid = k.conindid JOIN pg_class c ON c.oid = k.conindid
JOIN pg_am m ON m.oid = c.relam
WHERE k.contype = 'x' AND k.conparentid = 0 AND k.conrelid = ANY({{tables}}) ORDER BY k.conrelid, k.conname
"""

REFERENCES = """
SELECT k.conrelid::bigint, json_build_object('name', k.conname, 'valid', k.convalidated,
    'match', CASE k.confmatchtype WHEN 'f' THEN 'FULL' ELSE 'SIMPLE' END, 'initially_deferred', k.condeferred,
    'set_columns', ARRAY(SELECT a.attname
        FROM jsonb_array_elements_text(coalesce(nullif(to_jsonb(k) -> 'confdelsetcols', 'null'), '[]')) n (number)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.number::int),
    'comment', obj_description(k.oid, 'pg_constraint'))::text
FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ANY({tables})
ORDER BY k.conrelid, k.conname
"""

GENERATED = """
SELECT a.attrelid::bigint, json_build_object('column', a.attname, 'expression', pg_get_expr(f.adbin, f.adrelid),
    'stored', a.attgenerated = 's')::text
FROM pg_attribute a JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
WHERE a.attgenerated <> '' AND a.attrelid = ANY({tables}) AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
"""

IDENTITIES = """
SELECT a.attrelid::bigint, json_build_object('column', a.attname, 'always', a.attidentity = 'a')::text
FROM pg_attribute a WHERE a.attidentity <> '' AND a.attrelid = ANY({tables}) AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

WRITTEN_COLLATIONS = f"""
SELECT a.attrelid::bigint, json_object_agg(a.attname, {_collation("a.attcollation")})::text
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = ANY({{tables}}) AND a.attnum > 0 AND NOT a.attisdropped AND a.attcollation <> t.typcollation
GROUP BY a.attrelid
"""

VIEWS = f"""
WITH refers AS (
    SELECT r.ev_class AS view,
        bool_and(coalesce(pg_partition_root(d.refobjid)::oid, d.refobjid) = ANY({{tables}})) AS these
    FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class GROUP BY 1
)
SELECT 0::bigint, json_build_object('name', {_NAME}, 'definition', pg_get_viewdef(c.oid),
    'materialized', c.relkind = 'm', 'comment', obj_description(c.oid, 'pg_class'))::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN refers ON refers.view = c.oid AND refers.these
WHERE c.relkind IN ('v', 'm') ORDER BY n.nspname, c.relname
"""
"""Of views that show these tables and no other."""
