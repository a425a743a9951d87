"""What becomes of one value: the same by the same key, another by another, of the same form, and never two made one."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator.engine.masks.key import MaskKey
from migrator.engine.masks.texts import (
    EMAIL_LENGTH,
    NAME_LENGTH,
    TOKEN_SPACE,
    Unmaskable,
    code,
    day,
    email,
    iban,
    name,
    number,
    phone,
    written_day,
)

KEY, OTHER = MaskKey(b"k" * 32), MaskKey(b"o" * 32)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=70)
CODES = st.text("abzABZ019 -/é", max_size=6) | TEXTS


def shape(text: str) -> str:
    """Digits, small and capital ASCII letters as what they are; all else as it is, but for other letters."""
    classes = ((string.digits, "9"), (string.ascii_lowercase, "a"), (string.ascii_uppercase, "A"))
    found = {character: sign for characters, sign in classes for character in characters}
    return "".join(found.get(one, "x" if one.isalnum() else one) for one in text)


@given(st.lists(CODES, unique=True, max_size=40))
def test_a_code_keeps_its_shape_and_no_two_become_one(texts: list[str]) -> None:
    made = [code(KEY, text) for text in texts]
    assert len(set(made)) == len(texts)
    assert [shape(text) for text in texts] == [shape(text) for text in made]
    assert made == [code(KEY, text) for text in texts]


@given(st.text(string.ascii_letters + string.digits + "- ", max_size=60))
def test_what_differs_in_the_case_of_letters_differs_so_afterwards(text: str) -> None:
    for method in (code, phone, email):
        assert method(KEY, text.lower()).lower() == method(KEY, text).lower() == method(KEY, text.upper()).lower()
        assert method(KEY, text + "  ") == method(KEY, text.rstrip(" ")) + text[len(text.rstrip(" ")) :] + "  "


@pytest.mark.parametrize("width", [1, 2, 3])
def test_every_short_code_becomes_every_other(width: int) -> None:
    texts = [f"{value:0{width}d}" for value in range(10**width)]
    assert sorted(code(KEY, text) for text in texts) == texts
    letters = [first + second for first in "abcxyz" for second in string.ascii_lowercase]
    assert len({code(KEY, text) for text in letters}) == len(letters)


@example(-(2**63))
@example(-(2**15))
@given(st.integers(-(2**63), 2**63 - 1))
def test_a_number_is_of_as_many_digits_fits_the_same_types_and_is_its_text(value: int) -> None:
    made = number(KEY, value)
    assert len(str(made)) == len(str(value))
    assert (made < 0, made == 0) == (value < 0, value == 0)
    for bits in (7, 8, 15, 16, 23, 24, 31, 32, 63):
        assert (-1 << bits <= made < 1 << bits) == (-1 << bits <= value < 1 << bits)
    assert code(KEY, str(value)) == str(made)


def test_numbers_are_a_permutation() -> None:
    assert sorted(number(KEY, value) for value in range(100_00)) == list(range(100_00))


@given(st.uuids(version=4))
def test_a_uuid_stays_one_of_its_version(value: object) -> None:
    made = code(KEY, str(value))
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made)
    assert code(KEY, str(value).upper()) == made.upper() != str(value).upper()


@given(st.text("0123456789 -+().", min_size=3, max_size=20))
def test_a_phone_number_keeps_length_and_punctuation(text: str) -> None:
    assert shape(phone(KEY, text)) == shape(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("+33 6 12 34 56 78", "+33 "), ("+1 (514) 555-0199", "+1 ("), ("+352-621-123", "+352-"),
        ("+420 601 123 456", "+420 "), ("0033612345678", "0033"), ("0612345678", "0"), ("00 41 44 668 18 00", "00 41 "),
    ],
)  # fmt: skip
def test_a_phone_number_stays_in_its_country(text: str, kept: str) -> None:
    made = phone(KEY, text)
    assert made.startswith(kept)
    assert made != text
    assert (made[len(kept)] == "0") == (text[len(kept)] == "0")


def test_one_number_written_in_two_ways_stays_one_number() -> None:
    spaced, plain = phone(KEY, "+33 6 12 34 56 78"), phone(KEY, "+33612345678")
    assert spaced.replace(" ", "") == plain
    words = phone(KEY, "ask Marie")
    assert "Marie" not in words


@pytest.mark.parametrize(
    "account",
    ["FR7630006000011234567890189", "DE89370400440532013000", "MT84MALT011000012345MTLCAST001S", "NO9386011117947"],
)
def test_an_iban_stays_one_of_its_country(account: str) -> None:
    made = iban(KEY, account)
    assert (made[:2], shape(made)) == (account[:2], shape(account))
    assert int("".join(str(int(one, 36)) for one in made[4:] + made[:4])) % 97 == 1
    assert made[4:] != account[4:]
    grouped = " ".join(account[at : at + 4] for at in range(0, len(account), 4))
    assert iban(KEY, grouped).replace(" ", "") == made
    assert iban(KEY, "no account") == code(KEY, "no account")


@given(TEXTS.filter(lambda text: text.strip(" ")))
def test_an_address_is_one_nobody_has(text: str) -> None:
    made = email(KEY, text).rstrip(" ")
    assert re.fullmatch(r"[A-Za-z]+\.[A-Za-z2-7]{12}@example\.org", made)
    assert len(made) <= EMAIL_LENGTH


def test_addresses_that_a_person_would_call_the_same_stay_so_and_two_spellings_stay_two() -> None:
    made = {email(KEY, text) for text in ("jean@x.fr", "Jean@x.fr", "JEAN@X.FR")}
    assert len(made) == 3
    assert len({one.lower() for one in made}) == 1
    assert len({email(KEY, f"someone{number}@x.fr") for number in range(5000)}) == 5000


@pytest.mark.parametrize("method", [email, partial(name, apart=True)])
def test_letters_that_most_collations_tell_apart_stay_apart_without_case_too(method: Callable[..., str]) -> None:
    for one, other in (("Weiß", "weiss"), ("José", "jose"), ("Jean  Dupont", "jean dupont")):
        assert method(KEY, one).lower() != method(KEY, other).lower()
    assert method(KEY, "É").lower() == method(KEY, "é").lower()


def test_a_name_has_as_many_words_written_alike() -> None:
    assert re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", name(KEY, "Jean Dupont"))
    assert name(KEY, "DUPONT").isupper()
    assert name(KEY, "dupont").islower()
    assert name(KEY, "Jean  Dupont").lower() == name(KEY, "JEAN DUPONT").lower()
    apart = {name(KEY, f"Person {number}", apart=True) for number in range(5000)}
    assert len(apart) == 5000
    assert max(map(len, apart)) <= NAME_LENGTH + TOKEN_SPACE
    assert name(KEY, "Ann Lee", apart=True).startswith(name(KEY, "Ann Lee"))


@given(st.dates())
def test_a_date_becomes_one_of_its_year(date: dt.date) -> None:
    made = day(KEY, date)
    assert made.year == date.year
    assert written_day(KEY, f"{date.isoformat()} 10:20:30.5+02:00") == f"{made.isoformat()} 10:20:30.5+02:00"


@pytest.mark.parametrize("year", [2023, 2024])
def test_the_days_of_a_year_are_a_permutation(year: int) -> None:
    days = [dt.date(year, 1, 1) + dt.timedelta(days=n) for n in range(366 if year == 2024 else 365)]
    assert sorted(day(KEY, one) for one in days) == days


@pytest.mark.parametrize("text", ["03/05/1980", "1980-02-30", "born in May", "1980-05-03 in Paris"])
def test_what_is_no_date_is_not_guessed_at_nor_said(text: str) -> None:
    with pytest.raises(Unmaskable) as refused:
        written_day(KEY, text)
    assert text not in str(refused.value)


@pytest.mark.parametrize("method", [code, phone, iban, email, name, written_day])
def test_nothing_stays_nothing(method: Callable[[MaskKey, str], str]) -> None:
    assert method(KEY, "") == ""
    assert method(KEY, "  ") == "  "


@pytest.mark.parametrize("method", [code, phone, email])
def test_another_key_makes_something_else(method: Callable[[MaskKey, str], str]) -> None:
    text = "+33 612345678 somebody@x.fr"
    assert method(KEY, text) != method(OTHER, text)
    assert method(KEY, text) != text
