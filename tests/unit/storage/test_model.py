"""What a platform declares beside columns and keys: in an archive and back, old archives and forged ones included."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from storage.archive import Archive
from storage.errors import Red
from storage.memory import MemoryStore
from storage.model import (
    MODEL,
    Attribute,
    Check,
    Exclusion,
    Generated,
    IdentityColumn,
    Index,
    IndexPart,
    Model,
    NativeType,
    Partition,
    ReferenceDetail,
    Sequence,
    TableModel,
    View,
    parsed,
    rendered,
)
from storage.writer import ArchiveWriter
from tests.support_archive import clients, identity, signing_keys, write_archive, write_recast

EVERYTHING = Model(
    platform="postgresql",
    extensions=("citext",),
    types=(
        NativeType(
            name="mood",
            schema="app",
            kind="composite",
            labels=("😀", ""),
            checks=(Check(name="c", expression="VALUE > 1", valid=False),),
            attributes=(Attribute(name="a", native="text", collation="C"),),
            options={"subtype": "date"},
        ),
    ),
    sequences=(Sequence(name="s", schema=None, least=-(2**63), greatest=2**63 - 1, owner="t", owner_column="id"),),
    tables=(
        TableModel(
            table="t",
            checks=(Check(name="", expression="a > 'it''s'"),),
            indexes=(
                Index(
                    name="i",
                    parts=(IndexPart(column="a", descending=True, nulls_first=False), IndexPart(expression="lower(b)")),
                    where="a IS NULL",
                    options={"fillfactor": "70"},
                ),
            ),
            exclusions=(Exclusion(name="x", method="gist", parts=(IndexPart(column="during"),), operators=("&&",)),),
            references=(ReferenceDetail(name="f", valid=False, set_columns=("a",)),),
            generated=(Generated(column="g", expression="a * 2", stored=False),),
            identities=(IdentityColumn(column="id", always=True, sequence=Sequence(name="t_id_seq", schema=None)),),
            collations={"a": "fr-FR-x-icu"},
            partitions=(
                Partition(name="p", schema=None, bound="DEFAULT", parts=(Partition(name="q", schema="z", bound="x"),)),
            ),
            notes=("something else",),
        ),
    ),
    views=(View(name="v", definition="SELECT 1", materialized=True),),
    options={"user_version": "7"},
)


def test_everything_comes_back() -> None:
    assert parsed(rendered(EVERYTHING), where=MODEL) == EVERYTHING


def test_of_a_table_nobody_described_only_the_name_is_known() -> None:
    assert EVERYTHING.table("t").notes == ("something else",)
    assert EVERYTHING.table("u") == TableModel(table="u")


def test_a_later_version_may_say_more() -> None:
    said = {**json.loads(rendered(EVERYTHING)), "colour": "blue"}
    assert parsed(json.dumps(said).encode(), where=MODEL) == EVERYTHING


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"platform": 1}',
        b'{"platform": "sqlite", "tables": [{}]}',
        b'{"platform": "sqlite", "options": {"user_version": 7}}',
        b'{"platform": "sqlite", "tables": [{"table": "t", "checks": [{"name": "c"}]}]}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(Red, match="corrupt") as refused:
        parsed(content, where="a/data/schema/model.json")
    assert refused.value.where == "a/data/schema/model.json"


def with_model(model: Model) -> Archive:
    """An archive that comes from SQLite."""
    store = MemoryStore()
    table, batch = clients()
    with ArchiveWriter(store, identity(), signing_keys()) as writer:
        write_recast(writer, table, [batch])
        writer.document(MODEL, rendered(model))
        return Archive.open(store, writer.commit().archive_id)


def test_an_archive_gives_it_back() -> None:
    model = replace(EVERYTHING, platform="sqlite")
    assert with_model(model).model() == model


def test_one_of_another_platform_than_the_archive_s_is_refused() -> None:
    archive = with_model(EVERYTHING)
    with pytest.raises(Red, match="comes from sqlite, its model from postgresql") as refused:
        archive.model()
    assert refused.value.where.endswith("/data/schema/model.json") and refused.value.next


def test_an_archive_without_one_says_what_platform_it_is_of() -> None:
    store = MemoryStore()
    archive_id = write_archive(store, clients()).archive_id
    assert Archive.open(store, archive_id).model() == Model(platform="sqlite")
