"""What PostgreSQL declares and no restore makes again: notes of a model, one of each kind, with names.

Roles are not named: they are the server's, and where each tenant has one, their names are those of other tenants.
"""

from __future__ import annotations

_DATABASE_OWNER = "(SELECT d.datdba FROM pg_database d WHERE d.datname = current_database())"

OF_TABLE = f"""array_remove(ARRAY[
        CASE WHEN c.relowner <> {_DATABASE_OWNER} THEN 'its owner, who is not the owner of the database' END,
        (SELECT 'grants to ' || count(DISTINCT g.grantee) || ' role(s): '
                || string_agg(DISTINCT g.privilege_type, ', ' ORDER BY g.privilege_type)
            FROM (SELECT l.grantee, l.privilege_type FROM aclexplode(c.relacl) l UNION ALL
                SELECT l.grantee, l.privilege_type FROM pg_attribute a, aclexplode(a.attacl) l
                WHERE a.attrelid = c.oid AND NOT a.attisdropped) g
            WHERE g.grantee <> c.relowner HAVING count(*) > 0),
        CASE WHEN c.relrowsecurity THEN 'row level security: without its policies, who may read it reads every row' END,
        (SELECT 'policies: ' || string_agg(y.polname, ', ' ORDER BY y.polname) FROM pg_policy y
            WHERE y.polrelid = c.oid),
        (SELECT 'rules: ' || string_agg(r.rulename, ', ' ORDER BY r.rulename) FROM pg_rewrite r
            WHERE r.ev_class = c.oid),
        CASE WHEN c.reloftype <> 0 THEN 'that it is a table of the type ' || format_type(c.reloftype, NULL) END,
        CASE WHEN c.relreplident NOT IN ('d', 'n') THEN 'what a subscriber knows its rows by' END,
        (SELECT 'its tablespace: ' || s.spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
        (SELECT 'its access method: ' || m.amname FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
        (SELECT 'security labels' FROM pg_seclabel l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = c.oid
            LIMIT 1),
        (SELECT 'extended statistics: ' || string_agg(x.stxname, ', ' ORDER BY x.stxname) FROM pg_statistic_ext x
            WHERE x.stxrelid = c.oid),
        (SELECT 'how finely values are counted: ' || string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND (a.attstattarget >= 0 OR a.attoptions IS NOT NULL)),
        (SELECT 'how values are stored: ' || string_agg(a.attname, ', ' ORDER BY a.attnum)
            FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0
            AND (a.attstorage <> y.typstorage OR coalesce(to_jsonb(a) ->> 'attcompression', '') <> '')),
        (SELECT 'what is said of indexes (' || string_agg(l.said || l.name, ', ' ORDER BY l.said, l.name) || ')' FROM (
            SELECT 'clustered by ' AS said, i.indexrelid::regclass::text AS name FROM pg_index i
            WHERE i.indrelid = c.oid AND i.indisclustered
            UNION ALL SELECT DISTINCT 'parameters in ', i.indexrelid::regclass::text
            FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid
            WHERE i.indrelid = c.oid AND a.attoptions IS NOT NULL
            UNION ALL SELECT 'comment on ', i.indexrelid::regclass::text
            FROM pg_index i JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
            WHERE i.indrelid = c.oid AND obj_description(i.indexrelid, 'pg_class') IS NOT NULL
        ) l HAVING count(*) > 0),
        (SELECT 'what parts of it point at by themselves: ' || string_agg(k.conname, ', ' ORDER BY k.conname)
            FROM pg_partition_tree(c.oid) l JOIN pg_constraint k ON k.conrelid = l.relid AND l.level > 0
            WHERE k.contype = 'f' AND k.conparentid = 0)
    ], NULL)"""
"""Of a table `c`: an array of notes."""


def _named(kind: str, name: str, source: str) -> str:
    """One note with all names, none where there is none."""
    names = f"string_agg(DISTINCT {name}, ', ' ORDER BY {name})"
    return f"SELECT '{kind}: ' || {names} AS note FROM {source} HAVING count(*) > 0"


def _own(catalog: str, alias: str) -> str:
    """The condition that no extension brings it along, and no type."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalog}'::regclass AND e.objid = {alias}.oid"
        " AND e.deptype IN ('e', 'i'))"
    )


_GIVEN = """(SELECT i.initprivs FROM pg_init_privs i
    WHERE i.objoid = n.oid AND i.classoid = 'pg_namespace'::regclass)"""
_KIND = """CASE p.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
    WHEN 'T' THEN 'types' ELSE 'schemas' END"""
_THIS = "(SELECT d.oid FROM pg_database d WHERE d.datname = current_database())"
_DESCRIBED = "n.nspname <> 'public' AND obj_description(n.oid, 'pg_namespace') IS NOT NULL"
_NOTES = (
    _named(
        "functions and procedures",
        "p.proname",
        f"pg_proc p, home n WHERE n.oid = p.pronamespace AND {_own('pg_proc', 'p')}",
    ),
    _named(
        "operators",
        "o.oprname",
        f"pg_operator o, home n WHERE n.oid = o.oprnamespace AND {_own('pg_operator', 'o')}",
    ),
    _named(
        "text search configurations",
        "t.cfgname",
        f"pg_ts_config t, home n WHERE n.oid = t.cfgnamespace AND {_own('pg_ts_config', 't')}",
    ),
    _named("foreign tables", "f.relname", "pg_class f, home n WHERE n.oid = f.relnamespace AND f.relkind = 'f'"),
    _named(
        "publications",
        "p.pubname",
        "pg_publication_tables p, published t WHERE (t.nspname, t.relname) = (p.schemaname, p.tablename)",
    ),
    _named("event triggers", "v.evtname", f"pg_event_trigger v WHERE {_own('pg_event_trigger', 'v')}"),
    _named("comments on schemas", "n.nspname", f"home n WHERE {_DESCRIBED}"),
    _named("grants on schemas", "n.nspname", f"home n WHERE n.nspacl IS DISTINCT FROM {_GIVEN}"),
    _named(
        "grants on sequences",
        "q.relname",
        "pg_class q, home n WHERE n.oid = q.relnamespace AND q.relkind = 'S' AND q.relacl IS NOT NULL",
    ),
    _named(
        "default privileges",
        _KIND,
        "pg_default_acl p WHERE p.defaclnamespace = 0 OR p.defaclnamespace IN (SELECT oid FROM home)",
    ),
    _named(
        "settings of the database",
        "split_part(u.setting, '=', 1)",
        f"pg_db_role_setting s, unnest(s.setconfig) u (setting) WHERE s.setrole = 0 AND s.setdatabase = {_THIS}",
    ),
    f"SELECT 'the comment on the database' WHERE shobj_description({_THIS}, 'pg_database') IS NOT NULL",
)

OF_DATABASE = f"""
WITH home AS (
    SELECT n.* FROM pg_namespace n WHERE n.oid IN (SELECT t.relnamespace FROM pg_class t WHERE t.oid = ANY({{tables}}))
), published AS (
    SELECT n.nspname, c.relname FROM unnest({{tables}}) r (oid)
    CROSS JOIN LATERAL (SELECT r.oid UNION SELECT l.relid FROM pg_partition_tree(r.oid) l) t (oid)
    JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
)
SELECT 0::bigint, to_json(note)::text FROM ({" UNION ALL ".join(_NOTES)}) notes
"""
"""Of the schemas these tables lie in, and of the database: rows of 0 and a note."""
