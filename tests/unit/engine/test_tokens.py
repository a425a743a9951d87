"""What a text says that may be somebody's id, and nothing beside it, however long the text is."""

from __future__ import annotations

import pyarrow as pa
import pytest

from migrator.engine import tokens as module
from migrator.engine.tokens import plain, tokens
from storage.schema import Column, Kind, Type

ID = "0b0e7a52-6f0c-4a3e-9c43-0f4ad1c3b001"


def said(text: str, kind: Kind, *, alone: bool | None = None) -> set[str]:
    found = (row for batch in tokens(pa.array([None, text], pa.string()), {kind}) for row in batch.to_pylist())
    return {one["said"] for one in found if alone in (None, one["alone"]) and one["row"] == 1}


def test_numbers_stand_by_themselves() -> None:
    assert said("room 22, bed 1: (333) 4.5 é6 a7 8b x_9 10-11", Kind.INTEGER) == {
        *("22", "1", "333", "4", "5", "6", "10", "11")
    }


@pytest.mark.parametrize(
    "text", [ID, ID.upper(), f" {ID} ", f'{{"firm": "{ID}"}}', f'["x", "{ID.upper()}"]', f'"{ID}"']
)
def test_a_uuid_that_is_a_value_is_one_in_any_case(text: str) -> None:
    assert said(text, Kind.UUID, alone=True) == {ID}


@pytest.mark.parametrize("text", [f"see {ID}.", f"scan-{ID}-2.pdf", f"urn:uuid:{ID}", ID.replace("-", ""), f"é{ID}é"])
def test_a_uuid_within_a_text_is_found_with_and_without_its_dashes(text: str) -> None:
    assert said(text, Kind.UUID) == {ID}


@pytest.mark.parametrize("text", [f"a{ID}", f"{ID}0", "9" * 40, "nothing", "", ID[:-1]])
def test_what_is_longer_or_shorter_is_no_uuid(text: str) -> None:
    assert said(text, Kind.UUID) == set()


def test_texts_are_themselves_the_strings_of_their_json_and_their_long_words() -> None:
    assert said(" Globex & Söhne ", Kind.TEXT, alone=True) == {"Globex & Söhne"}
    assert said('{"firm": "Globex", "n": 1}', Kind.TEXT, alone=True) >= {"firm", "Globex"}
    assert said("paid by cus_9s6XKzkNRiz8i3, who extraordinarily", Kind.TEXT, alone=False) == {"cus_9s6XKzkNRiz8i3"}


def test_a_long_text_is_read_in_pieces_that_cut_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 100)
    monkeypatch.setattr(module, "_WORD", 60)
    for before in range(120):
        text = f'["{"é" * before}", "{ID}", "{"ö" * 200}"]'
        assert said(text, Kind.UUID, alone=True) == {ID}, before
        assert said(f"{'é' * before} 123456 {'ö' * 200}", Kind.INTEGER) == {"123456"}, before
        assert said(f"{'a ' * before}{ID}", Kind.UUID, alone=True) == ({ID} if before == 0 else set()), before


def test_a_value_of_mixed_types_is_read_without_its_tag_and_bytes_say_nothing() -> None:
    column = Column(name="any", type=Type(kind=Kind.VARIANT), native="", nullable=True)
    assert plain(pa.array(["i:22", "t:acme", "b:MjI=", None]), column).to_pylist() == ["22", "acme", None, None]
