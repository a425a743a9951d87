"""What pages say: in both languages, nothing that is not said anywhere, and nothing said that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import api
from api.pages.words import LANGUAGES, words

HERE = Path(api.__file__).parent
SOURCES = [*HERE.glob("templates/*.j2"), *HERE.glob("pages/*.py")]
SAID = re.compile(r"""["']([a-z_]+(?:\.[a-z_0-9]+)+|[a-z_]+(?:\.[a-z_0-9]+)*\.)(?=["'{])""")
"""Whatever may be a key, or, with a point or a _ at its end, the beginning of one."""
ASKED = re.compile(r"""\bt(?:\.(counted))?\(\s*["']([\w.]+)["']\s*([~)+,])""")


def keys() -> set[str]:
    return set(words("en").texts)


def is_begun(key: str, said: str) -> bool:
    """Whether what is said leads to the key, by its next part or by a number: one of them, or many."""
    return key.startswith(said) and (said.endswith((".", "_")) or key[len(said) :] in (".one", ".many"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same(language: str) -> None:
    texts, ours = words(language).texts, words("en").texts
    assert set(texts) ^ set(ours) == set()
    assert [key for key, text in texts.items() if not text.strip()] == []
    assert {key: filled(text) for key, text in texts.items()} == {key: filled(text) for key, text in ours.items()}


def filled(text: str) -> set[str]:
    """The {names} that are put into a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_word_is_said_somewhere() -> None:
    said = {found for source in SOURCES for found in SAID.findall(source.read_text(encoding="utf-8"))}
    vain = [key for key in keys() - said if not any(is_begun(key, one) for one in said)]
    assert not vain, "\n".join(sorted(vain))


def test_everything_said_is_there() -> None:
    missing = []
    for source in SOURCES:
        for counted, said, then in ASKED.findall(source.read_text(encoding="utf-8")):
            is_whole = then not in "~+" and not counted
            if not (said in keys() if is_whole else any(is_begun(key, said) for key in keys())):
                missing.append(f"{source.name}: {said}")
    assert not missing, "\n".join(missing)


def test_what_differs_between_languages_is_more_than_names() -> None:
    """A text that was copied is one nobody translated."""
    english, french = words("en").texts, words("fr").texts
    said = {key: re.findall(r"\b[a-z]{2,}\b", re.sub(r"{.*?}", "", text)) for key, text in english.items()}
    same = {key for key in english if english[key] == french[key] and len(said[key]) > 1}
    assert sorted(same) == []
