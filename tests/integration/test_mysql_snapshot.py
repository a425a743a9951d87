"""A tenant out of MariaDB and into a proven archive: the source's idea of equality, and the workbench's, meet here."""

from __future__ import annotations

import pytest

from tests.conformance.platforms.mysql import MysqlPlatform
from tests.unit.engine.support import rows_of, taken

SCOPE = "root: {table: firms, where: {id: 1}}\nshared: [lands]"
DDL = """
CREATE TABLE lands (code VARCHAR(40) PRIMARY KEY, name VARCHAR(20)) COLLATE utf8mb4_general_ci;
CREATE TABLE firms (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, ref VARCHAR(40) UNIQUE, land VARCHAR(40),
    FOREIGN KEY (land) REFERENCES lands (code)) COLLATE utf8mb4_general_ci;
CREATE TABLE notes (id CHAR(36) PRIMARY KEY, firm VARCHAR(40), made TIMESTAMP, due DATE,
    FOREIGN KEY (firm) REFERENCES firms (ref)) COLLATE utf8mb4_general_ci;
CREATE TABLE parts (note CHAR(36), number INT, text LONGTEXT, PRIMARY KEY (note, number),
    FOREIGN KEY (note) REFERENCES notes (id)) COLLATE utf8mb4_general_ci;
CREATE TABLE words (firm_id BIGINT UNSIGNED, word VARCHAR(9), FOREIGN KEY (firm_id) REFERENCES firms (id));
INSERT INTO lands VALUES ('FR', 'France'), ('Élan', 'no land'), ('de', 'Germany');
INSERT INTO firms VALUES (1, 'Acme', 'fr'), (2, 'Other', 'elan'), (18446744073709551614, 'Big', 'de');
INSERT INTO words VALUES (1, 'w'), (1, 'w'), (2, 'x');
INSERT INTO notes SELECT LPAD(HEX(seq), 36, 'x'), ELT(1 + seq % 3, 'ACME', 'acmé ', 'other'), NULL, '2024-02-03'
FROM seq_1_to_9000;
INSERT INTO parts SELECT LOWER(id), 1, 'text' FROM notes;
INSERT INTO parts SELECT id, 2, NULL FROM notes;
"""


@pytest.mark.parametrize("root", ["{table: firms, where: {id: 1}}", "{table: firms, where: {ref: Acme}}"])
def test_rows_that_point_by_another_spelling_come_along_once(mariadb_url: str, root: str) -> None:
    platform = MysqlPlatform(mariadb_url)
    platform.run(DDL)
    found, archive = taken(platform, f"root: {root}\nshared: [lands]")
    assert not found.proof.problems
    assert rows_of(archive, "lands") == [("FR", "France")]
    assert rows_of(archive, "firms") == [(1, "Acme", "fr")]
    assert rows_of(archive, "words") == [(1, "w"), (1, "w")]
    assert len(rows_of(archive, "notes")) == 6_000
    assert len(rows_of(archive, "parts")) == 12_000


def test_a_spelling_only_the_server_follows_comes_along(mariadb_url: str) -> None:
    """ß is s here and ss to another collation: whose the row is, the server is asked."""
    platform = MysqlPlatform(mariadb_url)
    platform.run(DDL)
    platform.run("DELETE FROM parts; DELETE FROM notes; UPDATE firms SET ref = 'gros' WHERE id = 1;")
    platform.run("INSERT INTO notes (id, firm) VALUES ('n', 'groß'), ('o', 'other');")
    found, archive = taken(platform, SCOPE)
    assert not found.proof.problems
    assert [row[1] for row in rows_of(archive, "notes")] == ["groß"]
