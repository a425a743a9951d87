"""Names as words: what is said alike in singular and plural, in English and French, glued together or short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import (
    begins_with,
    ends_in,
    is_another,
    is_plural,
    is_somebody,
    same,
    shortens,
    stem,
    words,
)


@pytest.mark.parametrize(
    "name", ["user_account", "UserAccount", "userAccounts", "USER_ACCOUNTS", "user-account", "user account"]
)
def test_a_name_is_its_words_however_it_is_written(name: str) -> None:
    assert same(words(name), ("user", "account"))


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("categories", "category"),
        ("movies", "movie"),
        ("statuses", "status"),
        ("boxes", "box"),
        ("people", "person"),
        ("children", "child"),
        ("addresses", "address"),
        ("shelves", "shelf"),
        ("caves", "cave"),
        ("journaux", "journal"),
        ("travaux", "travail"),
        ("tuyaux", "tuyau"),
        ("sociétés", "societe"),
        ("adresses", "adresse"),
    ],
)
def test_a_plural_is_known_by_its_singular(plural: str, singular: str) -> None:
    assert same(words(plural), words(singular))
    assert is_plural(words(plural)[0]) or not plural.endswith("s")


@pytest.mark.parametrize(("one", "other"), [("is", "i"), ("news", "new_s"), ("task", "tax"), ("post", "posting")])
def test_what_only_looks_alike_is_not_the_same(one: str, other: str) -> None:
    assert not same(words(one), words(other))


@pytest.mark.parametrize(
    ("column", "thing"),
    [
        ("post_id", "post"),
        ("postId", "post"),
        ("postID", "post"),
        ("id_client", "client"),
        ("userid", "user"),
        ("idclient", "client"),
        ("fk_emp", "emp"),
        ("code_pays", "pays"),
        ("customer_no", "customer"),
        ("pinned_post_id", "pinned post"),
        ("id", ""),
        ("uuid", ""),
    ],
)
def test_what_a_reference_is_named_for(column: str, thing: str) -> None:
    assert stem(column) == (tuple(thing.split()), True)


@pytest.mark.parametrize("column", ["paid", "void", "valid_until", "name", "status", "hobby"])
def test_what_is_named_for_nothing_else_is_no_reference(column: str) -> None:
    assert stem(column)[1] is False


@pytest.mark.parametrize("column", ["created_by", "cree_par", "approvedby", "assigned_to_id", "reportsto", "owner_id"])
def test_a_person_is_known_by_what_he_does(column: str) -> None:
    assert is_somebody(column, stem(column)[0])


@pytest.mark.parametrize("column", ["post_id", "valid_to", "moved_to_id"])
def test_a_thing_is_nobody(column: str) -> None:
    assert not is_somebody(column, stem(column)[0])


def test_another_row_of_the_same_table() -> None:
    for column in ("parent_id", "comment_parent", "moved_to_id", "parent_task_id"):
        assert is_another(stem(column)[0], marked=stem(column)[1])
    for column in ("post_id", "age_from", "price_to", "original_price"):
        assert not is_another(stem(column)[0], marked=stem(column)[1])


def test_a_name_within_another() -> None:
    assert ends_in(words("pinned_posts"), words("post"))
    assert begins_with(words("adresse_livraison"), words("adresses"))
    assert not ends_in(words("post"), words("posts")) and not begins_with(words("post"), words("posts"))


@pytest.mark.parametrize(
    ("short", "long", "is_short"),
    [
        ("dept", "departments", True),
        ("cust", "customer", True),
        ("prod_tmpl", "product_template", True),
        ("categ", "product_category", True),
        ("no", "note", False),
        ("emp", "templates", False),
        ("product", "products", True),
        ("items", "item", False),
    ],
)
def test_abbreviations(short: str, long: str, is_short: bool) -> None:
    assert shortens(words(short), words(long)) is is_short


@given(st.text(min_size=1))
def test_any_name_has_words_and_is_itself(name: str) -> None:
    found = words(name)
    assert same(found, found) is bool(found)
    thing, _ = stem(name)
    assert len(thing) <= len(found) + 1


def test_every_word_of_the_vocabulary_is_one_as_names_are_read() -> None:
    for kind in Vocabulary:
        assert kind.words
        if kind is not Vocabulary.FRAMEWORK:
            assert [word for word in kind.words if words(word) != (word,)] == []
