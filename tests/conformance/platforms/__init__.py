"""What a driver brings to the conformance suites: a database made in its own dialect."""

from tests.conformance.platforms.keys import INTEGER, TEXT, VARIANT, KeyList, integers, texts
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.platforms.platform import Platform
from tests.conformance.platforms.postgres import PostgresPlatform
from tests.conformance.platforms.sqlite import SqlitePlatform

__all__ = [
    "INTEGER",
    "TEXT",
    "VARIANT",
    "KeyList",
    "MysqlPlatform",
    "Platform",
    "PostgresPlatform",
    "SqlitePlatform",
    "integers",
    "texts",
]
