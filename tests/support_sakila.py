"""The Sakila film rental database of ../shared/data/sakila: filled in MariaDB, and its port to PostgreSQL, empty.

The data is read where it lies and never enters the project; a test that needs it says so and is skipped without it.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conformance.platforms import MysqlPlatform, PostgresPlatform

SAKILA_DATA = Path(__file__).parents[2] / "shared" / "data" / "sakila"

_DATABASE = re.compile(r"^(DROP SCHEMA|CREATE SCHEMA|USE) .*$", re.MULTILINE)
_DELIMITER = re.compile(r"^DELIMITER .*$", re.MULTILINE)
_VIEWS = "--\n-- View structure"
_ADMINISTRATORS = re.compile(
    r"^(ALTER \w+ .* OWNER TO|CREATE OR REPLACE PROCEDURAL|SET default_with_oids|REVOKE|GRANT|COMMENT ON SCHEMA).*$",
    re.MULTILINE,
)
_PREPARED = """
-- the port's partitions end in 2007, by rules that no COPY and no RETURNING follows: today's kind holds every year
DROP TABLE payment CASCADE;
CREATE TABLE payment (
    payment_id integer DEFAULT nextval('payment_payment_id_seq') NOT NULL,
    customer_id integer NOT NULL REFERENCES customer ON UPDATE CASCADE ON DELETE RESTRICT,
    staff_id integer NOT NULL REFERENCES staff ON UPDATE CASCADE ON DELETE RESTRICT,
    rental_id integer NOT NULL REFERENCES rental ON UPDATE CASCADE ON DELETE RESTRICT,
    amount numeric(5, 2) NOT NULL,
    payment_date timestamp without time zone NOT NULL,
    PRIMARY KEY (payment_id, payment_date)
) PARTITION BY RANGE (payment_date);
CREATE TABLE payment_before_july_2005 PARTITION OF payment FOR VALUES FROM (MINVALUE) TO ('2005-07-01');
CREATE TABLE payment_july_2005 PARTITION OF payment FOR VALUES FROM ('2005-07-01') TO ('2005-08-01');
CREATE TABLE payment_since_august_2005 PARTITION OF payment DEFAULT;

-- what a trigger computed is computed by the table
DROP TRIGGER film_fulltext_trigger ON film;
ALTER TABLE film DROP COLUMN fulltext CASCADE;
ALTER TABLE film ADD COLUMN fulltext tsvector NOT NULL
    GENERATED ALWAYS AS (to_tsvector('pg_catalog.english', title || ' ' || coalesce(description, ''))) STORED;
"""


def sakila_data() -> Path:
    """The folder of the real data; the test is skipped, and counted, where it is absent."""
    if not SAKILA_DATA.is_dir():
        pytest.skip("../shared/data is absent")
    return SAKILA_DATA


def fill(platform: MysqlPlatform) -> None:
    """The whole of Sakila into an empty MariaDB database: tables, triggers and rows; no views or procedures."""
    with closing(platform.connect()) as connection, connection.cursor() as cursor:
        for name in ("sakila-mv-schema", "sakila-mv-data"):
            for statements in _parts(_DATABASE.sub("", _read(name).split(_VIEWS)[0])):
                cursor.execute(statements)
                while cursor.nextset():  # a later statement's error comes with its result
                    pass


def make_target(platform: PostgresPlatform) -> None:
    """Sakila's port to PostgreSQL, empty, prepared for a load as its administrators would."""
    with platform.connect() as connection:
        connection.execute(_ADMINISTRATORS.sub("", _read("pg-sakila-schema")).encode())
        connection.execute("RESET ALL; SET client_min_messages = warning;" + _PREPARED)


def _read(name: str) -> str:
    return lzma.open(sakila_data() / f"{name}.sql.xz", "rt", encoding="utf-8").read()


def _parts(script: str) -> Iterator[str]:
    """What one call runs: all between two DELIMITER lines, or each trigger between them."""
    for number, part in enumerate(_DELIMITER.split(script)):
        yield from filter(str.strip, part.split(";;") if number % 2 else [part])
