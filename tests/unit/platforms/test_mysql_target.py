"""MariaDB as a target: its own kinds of tables, columns, keys and names, loaded and taken back to the byte."""

from __future__ import annotations

import pytest

from migrator.contracts import FIRE, Triggers, Whole
from storage.errors import Fault, MigratorError, Red
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import Rows, merged, refusal, whys
from tests.servers.mariadb import Mariadb
from tests.support_mysql_target import goes_and_comes_back, ours


@pytest.fixture
def platform(mariadb_url: str) -> MysqlPlatform:
    return MysqlPlatform(mariadb_url)


# ── numbers the server gives ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("ending", ["loaded", "rehearsed", "rolled back"])
def test_an_ordinary_insert_finds_a_number(platform: MysqlPlatform, ending: str) -> None:
    platform.run("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT); INSERT INTO t (v) VALUES (1);")
    merged(platform.target(), Rows("t", ("id", "v"), ("id",), create=[(50, 5)]), commit=ending != "rehearsed")
    if ending == "rolled back":
        platform.target().undo("r1")
    platform.run("INSERT INTO t (v) VALUES (6); INSERT INTO t (v) VALUES (7);")
    assert platform.rows("SELECT count(*), count(DISTINCT id) FROM t") == [(4, 4) if ending == "loaded" else (3, 3)]


def test_a_number_that_overwriting_gives_is_not_given_again(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, code VARCHAR(9) NOT NULL UNIQUE);")
    platform.run("INSERT INTO t (code) VALUES ('a');")
    merged(platform.target(), Rows("t", ("id", "code"), ("code",), overwrite=[(3, "a")]))
    platform.run("INSERT INTO t (code) VALUES ('b'); INSERT INTO t (code) VALUES ('c');")
    assert platform.rows("SELECT count(DISTINCT id) FROM t") == [(3,)]


def test_number_zero_is_a_number(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT);")
    between = goes_and_comes_back(platform, Rows("t", ("id", "v"), ("id",), create=[(0, 5), (-1, 6)]))
    assert between["t"] == ["('-1', '6')", "('0', '5')"]


def test_the_last_number_of_a_type_is_refused_before_it_spoils_the_counter(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT);")
    with pytest.raises(Red, match="highest number") as red:
        merged(platform.target(), Rows("t", ("id", "v"), ("id",), create=[(255, 1)]), commit=False)
    assert red.value.where == "t.id"
    platform.run("INSERT INTO t (v) VALUES (1); INSERT INTO t (v) VALUES (2);")
    assert platform.rows("SELECT id FROM t ORDER BY id") == [(1,), (2,)]


@pytest.mark.parametrize("step", [1, 3])
def test_rows_whose_numbers_the_server_gives(mariadb: Mariadb, platform: MysqlPlatform, step: int) -> None:
    mariadb.admin(f"SET GLOBAL auto_increment_increment = {step}, auto_increment_offset = {step}")
    try:
        platform.run("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(9), at DATETIME(6) DEFAULT now(6));")
        platform.run("INSERT INTO t (v) VALUES ('same'), ('other'), (NULL);")
        rows = [("same",), ("same",), (None,), *((f"{number}",) for number in range(500))]
        between = goes_and_comes_back(platform, Rows("t", ("v",), (), create=rows))
        assert len(between["t"]) == 506
        platform.run("INSERT INTO t (v) VALUES ('mine');")
    finally:
        mariadb.admin("SET GLOBAL auto_increment_increment = 1, auto_increment_offset = 1")


def test_numbers_of_a_sequence(platform: MysqlPlatform) -> None:
    platform.run("CREATE SEQUENCE s; CREATE TABLE t (id BIGINT DEFAULT nextval(s) PRIMARY KEY, v INT);")
    platform.run("INSERT INTO t (v) VALUES (1), (2);")
    between = goes_and_comes_back(platform, Rows("t", ("v",), (), create=[(3,), (4,)]))
    assert len(between["t"]) == 4
    platform.run("INSERT INTO t (v) VALUES (5);")
    assert platform.rows("SELECT count(DISTINCT id) FROM t") == [(3,)]


# ── columns nobody fills ────────────────────────────────────────────────────────────────────────────────────
def test_computed_columns_follow(platform: MysqlPlatform) -> None:
    platform.run(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT, twice INT AS (v * 2) VIRTUAL, thrice INT AS (v * 3) PERSISTENT,"
        " UNIQUE (thrice)); INSERT INTO t (id, v) VALUES (1, 1), (2, 2);"
    )
    between = goes_and_comes_back(platform, Rows("t", ("id", "v"), ("id",), create=[(3, 3)], overwrite=[(1, 10)]))
    assert between["t"] == [f"('{i}', '{v}', '{2 * v}', '{3 * v}')" for i, v in ((1, 10), (2, 2), (3, 3))]


@pytest.mark.parametrize("key", [("id",), ()])
def test_columns_that_renew_themselves_stay_as_they_are(platform: MysqlPlatform, key: tuple[str, ...]) -> None:
    columns = "id INT PRIMARY KEY, v INT," if key else "id INT, v INT,"
    platform.run(
        f"CREATE TABLE t ({columns} word VARCHAR(9) DEFAULT 'none', made TIMESTAMP(6) NOT NULL DEFAULT now(6),"
        " seen DATETIME(6) DEFAULT now(6) ON UPDATE now(6), changed TIMESTAMP NOT NULL ON UPDATE now());"
        "INSERT INTO t VALUES (1, 1, 'mine', '2001-01-01', '2001-01-01', '2001-01-01'), (3, 1, '', now(), now(), now())"
    )
    overwrite = [(1, 2)] if key else []
    between = goes_and_comes_back(platform, Rows("t", ("id", "v"), key, create=[(2, 2)], overwrite=overwrite))
    old, new = between["t"][:2]
    assert old.count("2001-01-01") + old.count("2000-12-31") == 3
    assert ("'2', 'mine'" in old) == bool(key)
    assert new.startswith("('2', '2', 'none', ")


# ── references ──────────────────────────────────────────────────────────────────────────────────────────────
STAFF_AND_STORE = """
CREATE TABLE store (id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, manager TINYINT UNSIGNED NOT NULL UNIQUE);
CREATE TABLE staff (id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, store TINYINT UNSIGNED NOT NULL, name VARCHAR(9),
    FOREIGN KEY (store) REFERENCES store (id) ON UPDATE CASCADE);
SET foreign_key_checks = 0; INSERT INTO store VALUES (1, 1); INSERT INTO staff VALUES (1, 1, 'Mike');
SET foreign_key_checks = 1;
ALTER TABLE store ADD FOREIGN KEY (manager) REFERENCES staff (id) ON UPDATE CASCADE;
"""


def test_a_cycle_of_columns_that_must_be_filled(platform: MysqlPlatform) -> None:
    platform.run(STAFF_AND_STORE)
    between = goes_and_comes_back(
        platform,
        Rows("store", ("id", "manager"), ("id",), create=[(2, 2)], overwrite=[(1, 3)]),
        Rows("staff", ("id", "store", "name"), ("id",), create=[(2, 2, "Jon"), (3, 1, "Ann")], overwrite=[(1, 2, "M")]),
    )
    assert between["store"] == ["('1', '3')", "('2', '2')"]


def test_an_orphan_in_a_cycle_is_found_by_name(platform: MysqlPlatform) -> None:
    platform.run(STAFF_AND_STORE)
    before = platform.dump()
    assert "staff" in refusal(platform.target(), Rows("store", ("id", "manager"), ("id",), create=[(2, 9)]))
    rows = Rows("staff", ("id", "store", "name"), ("id",), create=[(9, 9, "nowhere")])
    assert "store" in refusal(platform.target(), rows)
    assert platform.dump() == before


def test_cycles_that_overlap(platform: MysqlPlatform) -> None:
    platform.run(
        "CREATE TABLE a (id INT PRIMARY KEY, b INT NOT NULL); CREATE TABLE b (id INT PRIMARY KEY, a INT NOT NULL,"
        " c INT NOT NULL); CREATE TABLE c (id INT PRIMARY KEY, a INT NOT NULL, d INT NOT NULL);"
        "CREATE TABLE d (id INT PRIMARY KEY, c INT NOT NULL, d INT);"
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id);"
        "ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a (id), ADD FOREIGN KEY (c) REFERENCES c (id) ON DELETE CASCADE;"
        "ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE, ADD FOREIGN KEY (d) REFERENCES d (id);"
        "ALTER TABLE d ADD FOREIGN KEY (c) REFERENCES c (id), ADD FOREIGN KEY (d) REFERENCES d (id) ON DELETE SET NULL;"
    )
    story = (
        Rows("a", ("id", "b"), ("id",), create=[(1, 2), (2, 1)]),
        Rows("b", ("id", "a", "c"), ("id",), create=[(1, 1, 2), (2, 2, 1)]),
        Rows("c", ("id", "a", "d"), ("id",), create=[(1, 1, 1), (2, 1, 2)]),
        Rows("d", ("id", "c", "d"), ("id",), create=[(1, 2, 2), (2, 1, 1)]),
    )
    between = goes_and_comes_back(platform, *story)
    assert [len(between[name]) for name in "abcd"] == [2, 2, 2, 2]


def test_a_chain_of_thousands_within_one_table(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES t (id) ON DELETE CASCADE);")
    chain = [(number, number + 1) for number in range(3_000)] + [(3_000, None)]
    assert len(goes_and_comes_back(platform, Rows("t", ("id", "up"), ("id",), create=chain))["t"]) == 3_001


def test_references_to_unique_columns(platform: MysqlPlatform) -> None:
    platform.run(
        "CREATE TABLE p (id INT PRIMARY KEY, code VARCHAR(9), part INT, UNIQUE (code, part));"
        "CREATE TABLE c (id INT PRIMARY KEY, code VARCHAR(9), part INT,"
        " FOREIGN KEY (code, part) REFERENCES p (code, part) ON DELETE SET NULL);"
        "INSERT INTO p VALUES (1, 'a', 1); INSERT INTO c VALUES (1, 'a', 1), (2, NULL, 1);"
    )
    story = (
        Rows("p", ("id", "code", "part"), ("id",), create=[(2, "b", 2)]),
        Rows("c", ("id", "code", "part"), ("id",), create=[(3, "b", 2), (4, None, 9)], overwrite=[(1, "b", 2)]),
    )
    assert len(goes_and_comes_back(platform, *story)["c"]) == 4
    merged(platform.target(), *story, run="r2")
    platform.run("INSERT INTO c VALUES (9, 'b', 2);")
    assert whys(platform.target().undo("r2")) == {"p 2": "kept: a row of c that stays points at it"}


def test_a_table_of_another_database_that_points_here_is_refused(mariadb: Mariadb, platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE p (id INT PRIMARY KEY);")
    own = platform.rows("SELECT DATABASE()")[0][0]
    other = MysqlPlatform(mariadb.database("other"))
    theirs = other.rows("SELECT DATABASE()")[0][0]
    mariadb.admin(
        f"CREATE TABLE `{theirs}`.c (p INT, FOREIGN KEY (p) REFERENCES `{own}`.p (id) ON DELETE CASCADE)",
        f"GRANT ALL ON `{theirs}`.* TO `{own}`@'127.0.0.1'",
    )
    with pytest.raises(Red, match="another database") as red:
        merged(platform.target(), Rows("p", ("id",), ("id",), create=[(1,)]))
    assert red.value.where == "p" and ours(platform) == []
    mariadb.drop(other.url)


def test_parents_in_another_database_are_looked_up_too(mariadb: Mariadb, platform: MysqlPlatform) -> None:
    own = platform.rows("SELECT DATABASE()")[0][0]
    other = MysqlPlatform(mariadb.database("other"))
    theirs = other.rows("SELECT DATABASE()")[0][0]
    other.run("CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1);")
    mariadb.admin(f"GRANT SELECT, REFERENCES ON `{theirs}`.* TO `{own}`@'127.0.0.1'")
    platform.run(
        f'CREATE TABLE c (id INT PRIMARY KEY, up INT, p INT, FOREIGN KEY (p) REFERENCES "{theirs}".p (id),'
        " FOREIGN KEY (up) REFERENCES c (id));"
    )
    goes_and_comes_back(platform, Rows("c", ("id", "up", "p"), ("id",), create=[(1, 1, 1)]))
    refused = refusal(platform.target(), Rows("c", ("id", "up", "p"), ("id",), create=[(2, 2, 2)]))
    assert f"{theirs}.p" in refused
    platform.run("DROP TABLE c;")
    mariadb.drop(other.url)


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("key", [("id", "year"), ()])
def test_partitioned_tables(platform: MysqlPlatform, key: tuple[str, ...]) -> None:
    primary = ", PRIMARY KEY (id, year)" if key else ""
    platform.run(
        f"CREATE TABLE t (id INT NOT NULL, year INT NOT NULL, v INT{primary}) PARTITION BY RANGE (year)"
        " (PARTITION old VALUES LESS THAN (2020), PARTITION new VALUES LESS THAN (2030));"
        "INSERT INTO t VALUES (1, 2010, 1), (1, 2020, 1);"
    )
    overwrite = [(1, 2020, 9)] if key else []
    rows = Rows("t", ("id", "year", "v"), key, create=[(2, 2019, 1), (2, 2029, 1)], overwrite=overwrite)
    assert len(goes_and_comes_back(platform, rows)["t"]) == 4
    with pytest.raises(Red, match="partition") as red:
        merged(platform.target(), Rows("t", ("id", "year", "v"), key, create=[(3, 2030, 1)]), run="r2")
    assert red.value.where == "t"


@pytest.mark.parametrize("key", [True, False])
def test_any_name_a_table_or_a_column_may_have(platform: MysqlPlatform, key: bool) -> None:
    long = "ü" * 64
    names = ["row", "entry", "action", "after", "fate", "why", "t", "s", "j", "key:row", "Select", long, long[1:] + "x"]
    primary = 'PRIMARY KEY ("row", "j")' if key else 'KEY ("row")'
    columns = ", ".join(f'"{name}" INT' for name in names)
    for table in ("t", "T", "j", "Group By", long, f"migrator_journal{long[:40]}"):
        platform.run(
            f'CREATE TABLE "{table}" ({columns}, {primary}); INSERT INTO "{table}" ("row", "j") VALUES (1, 1);'
        )
        filled = tuple(range(2, 2 + len(names)))
        overwrite = [tuple(1 if name in ("row", "j") else 7 for name in names)] if key else []
        rows = Rows(table, tuple(names), ("row", "j") if key else (), create=[filled], overwrite=overwrite)
        assert len(goes_and_comes_back(platform, rows)[table]) == 2


def test_of_equal_rows_without_a_key_exactly_ours_go(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (a VARCHAR(9), b FLOAT); CREATE TABLE p (id INT PRIMARY KEY);")
    platform.run("INSERT INTO t VALUES ('x', 1), ('x', 1), ('X', 1), (NULL, 0), (NULL, -0e0);")
    rows = [("x", 1.0)] * 3 + [(None, -0.0), ("é", 1.0), ("e", 1.0)]
    between = goes_and_comes_back(platform, Rows("t", ("a", "b"), (), create=rows))
    assert between["t"].count("('x', '1')") == 5
    merged(platform.target(), Rows("t", ("a", "b"), (), create=rows), run="r2")
    platform.run("UPDATE t SET a = 'E' WHERE a = 'é' COLLATE utf8mb4_bin;")
    platform.run("DELETE FROM t WHERE a = CAST('x' AS BINARY) LIMIT 4;")
    undone = platform.target().undo("r2")
    assert sorted(platform.rows("SELECT a FROM t WHERE a IS NOT NULL")) == [("E",), ("X",)]
    assert (undone.reversed, undone.kept) == (3, 3)


WIDE = {
    "a row as long as a row may be": ("id INT PRIMARY KEY, v0 VARCHAR(16381)", 1),
    "many texts that stand within the row": (
        f"id INT PRIMARY KEY, {', '.join(f'v{i} VARCHAR(63)' for i in range(32))}",
        32,
    ),
    "many long texts": (f"id INT PRIMARY KEY, {', '.join(f'v{i} VARCHAR(500)' for i in range(32))}", 32),
    "many documents": (f"id INT PRIMARY KEY, {', '.join(f'v{i} TEXT' for i in range(190))}", 190),
    "a long key": ("id VARCHAR(768) PRIMARY KEY, v0 VARCHAR(15000)", 1),
    "a key by the beginning of a text": ("id TEXT, v0 INT, PRIMARY KEY (id(20))", 1),
}


@pytest.mark.parametrize("kind", WIDE)
def test_wide_tables(platform: MysqlPlatform, kind: str) -> None:
    ddl, count = WIDE[kind]
    platform.run(f"CREATE TABLE t ({ddl});")
    columns = tuple(f"v{i}" for i in range(count))
    old, new = (tuple(f"{number}" if "v0 INT" in ddl else text * 60 for number in range(count)) for text in ("é", "x"))
    key: tuple[object, object] = (1, 2) if "id INT" in ddl else ("k" * 700, "x" * 600)
    if "v0 INT" in ddl:
        old, new = (1,), (2,)
    platform.insert("t", [(key[0], *old)])
    rows = Rows("t", ("id", *columns), ("id",), create=[(key[1], *new)], overwrite=[(key[0], *new)])
    assert len(goes_and_comes_back(platform, rows)["t"]) == 2


def _of_many_columns(platform: MysqlPlatform, type_: str, count: int) -> Rows:
    """A table of so many columns, and a load that creates one row of it and overwrites the other."""
    columns = tuple(f"v{i}" for i in range(count))
    declared = ", ".join(f"{column} {type_}" for column in columns)
    platform.run(f"SET innodb_strict_mode = 0; CREATE TABLE t (id INT PRIMARY KEY, {declared});")
    old, new = ("1", "2") if type_ == "TEXT" else (1, 2)
    platform.insert("t", [(1, *[old] * count)])
    return Rows("t", ("id", *columns), ("id",), create=[(2, *[new] * count)], overwrite=[(1, *[new] * count)])


@pytest.mark.parametrize(("type_", "count"), [("TEXT", 300), ("INT", 1_010)])
def test_as_many_columns_as_a_server_takes(platform: MysqlPlatform, type_: str, count: int) -> None:
    assert len(goes_and_comes_back(platform, _of_many_columns(platform, type_, count))["t"]) == 2


@pytest.mark.parametrize(("type_", "count"), [("BIGINT", 995), ("INT", 1_016)])
def test_rows_that_no_journal_takes_are_refused_and_nothing_is_left(
    platform: MysqlPlatform, type_: str, count: int
) -> None:
    rows = _of_many_columns(platform, type_, count)
    before = platform.dump()
    with pytest.raises(Red, match="wider than the server's rows") as red:
        merged(platform.target(), rows)
    assert red.value.where.endswith("t") and "narrower" in red.value.next
    assert platform.dump() == before


@pytest.mark.parametrize("engine", ["MyISAM", "Aria"])
def test_a_table_without_transactions_is_refused_before_anything_is_written(
    platform: MysqlPlatform, engine: str
) -> None:
    platform.run(f"CREATE TABLE t (id INT PRIMARY KEY) ENGINE = {engine}; CREATE TABLE u (id INT PRIMARY KEY);")
    before = platform.dump()
    both = [Rows(name, ("id",), ("id",), create=[(1,)]) for name in ("u", "t")]
    with pytest.raises(Red, match=engine) as red:
        merged(platform.target(), *both)
    assert red.value.where == "t" and "InnoDB" in red.value.next
    assert platform.dump() == before


# ── triggers that fire ──────────────────────────────────────────────────────────────────────────────────────
def test_whatever_way_a_trigger_writes_it_is_found_out(platform: MysqlPlatform) -> None:
    platform.run(
        "".join(f"CREATE TABLE log{number} (id INT PRIMARY KEY);" for number in range(1, 9))
        + "CREATE TABLE u (id INT PRIMARY KEY);"
        "CREATE FUNCTION twice(n INT) RETURNS INT BEGIN RETURN logged(n); END;"
        "CREATE FUNCTION logged(n INT) RETURNS INT BEGIN INSERT INTO log8 VALUES (n); RETURN n; END;"
    )
    platform.run(
        "CREATE TRIGGER fires AFTER INSERT ON u FOR EACH ROW BEGIN"
        " DELETE l FROM log1 l JOIN log2 x ON x.id = l.id WHERE x.id = 0;"
        " UPDATE log2 x JOIN log3 l ON x.id = l.id SET l.id = 2; UPDATE log3, log4 SET log4.id = 2;"
        " INSERT /* a row */ INTO `log5` VALUES (1) ON DUPLICATE KEY UPDATE id = 1;"
        " IF ' -- ' <> '' THEN REPLACE INTO log6 VALUES (1); END IF;"
        " INSERT INTO log7 VALUES (twice(new.id));"
        "END;"
    )
    before = platform.dump()
    every = ", ".join(f"log{number}" for number in range(1, 9))
    with pytest.raises(Red, match=f"triggers write {every}, which nobody journals") as red:
        merged(platform.target(), Rows("u", ("id",), ("id",), create=[(1,)]), triggers=Triggers(mode=FIRE))
    assert red.value.where == "u" and f"fire: [{every}]" in red.value.next
    assert platform.dump() == before


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_scan_looks_at_no_other_table(platform: MysqlPlatform) -> None:
    """A verification scans every table: with hundreds, describing all of them for each would be most of its work."""
    platform.run('CREATE TABLE "T" (id INT); CREATE TABLE u (id INT); INSERT INTO "T" VALUES (1);')
    table = platform.target().describe().table("T")
    described = "SHOW GLOBAL STATUS LIKE 'Com_show_create_table'"
    before = platform.rows(described)
    with platform.target().scan(table, Whole()) as batches:
        assert [row["id"] for batch in batches for row in batch.to_pylist()] == [1]
    assert platform.rows(described) == before


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [("DROP TABLE t", Fault, "exist"), ("ALTER TABLE t ENGINE = MyISAM", Red, "knows no transactions")],
)
def test_a_table_that_is_no_longer_what_it_was_is_told(
    platform: MysqlPlatform, change: str, error: type[MigratorError], said: str
) -> None:
    platform.run("CREATE TABLE t (id INT);")
    table = platform.target().describe().table("t")
    platform.run(f"{change};")
    with pytest.raises(error, match=said), platform.target().scan(table, Whole()) as batches:
        list(batches)
