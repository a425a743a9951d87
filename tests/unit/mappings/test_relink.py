from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.steps.relink import Relink
from storage.errors import Misuse
from tests.unit.mappings.bench import Bench, plain, table
from tests.unit.mappings.strategies import AWKWARD

MEMBER, POST, ODD = (
    '{prefix: "/members/", table: members}',
    '{prefix: "/posts/", table: posts, becomes: "/entries/"}',
    '{prefix: "/posts/x", table: members}',
)
EDGES = "".join(
    f"  new_{name}:\n    edges:\n      - from: {name}\n"
    f"        columns: {{id: {{from: id, steps: [{{remap: {name}}}]}}}}\n"
    for name in ("members", "posts")
)
MEMBERS: list[Any] = [1, 2, 12, 123]
POSTS = ["abc", "a-b_c", "x7", "ends-", "12"]


def bench(links: str = f"[{MEMBER}, {POST}, {ODD}]", members: list[Any] = MEMBERS, kind: str = "integer") -> Bench:
    return Bench(
        chain=f"{{from: a, steps: [{{relink: {links}}}]}}",
        types=("text",),
        others={
            "members": (table("members", {"id": kind}), [{"id": key} for key in members]),
            "posts": (table("posts", {"id": "text"}), [{"id": key} for key in POSTS]),
        },
        keys="{members: {method: uuid5}, posts: {method: uuid5}}",
        edges=EDGES,
    )


BENCH = bench()
PIECES = ["/members/", "/posts/", "/posts/x", "1", "12", "123", "012", "9", "abc", "a-b_c", "ends-", "-", "_", "é", "."]
FRAGMENTS = st.sampled_from([*PIECES, *AWKWARD])


def notes_only(made: Bench) -> bool:
    return all(severity == "note" for _, _, severity, _ in made.probes())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | st.lists(FRAGMENTS, max_size=12).map("".join), min_size=1, max_size=20))
def test_sql_is_its_twin(values: list[str | None]) -> None:
    BENCH.agree(*values)
    assert notes_only(BENCH)


def test_links_lead_to_the_new_keys_and_the_rest_stays() -> None:
    new = BENCH.crosswalks["members"]
    texts = [
        'a <a href="/members/12">x</a>, /members/12.',
        "/members/123 is another than /members/12 and /members/1234",
        "/members/12-foo",
        "/members/12foo /members/012 /members/",
        "no link",
    ]
    assert BENCH.sql(*texts) == [
        f'a <a href="/members/{new[12]}">x</a>, /members/{new[12]}.',
        f"/members/{new[123]} is another than /members/{new[12]} and /members/1234",
        f"/members/{new[12]}-foo",
        texts[3],
        "no link",
    ]


def test_words_are_whole_and_the_longer_prefix_is_meant() -> None:
    members, posts = BENCH.crosswalks["members"], BENCH.crosswalks["posts"]
    assert BENCH.sql("/posts/ends-, /posts/a-b_c!") == [f"/entries/{posts['ends-']}, /entries/{posts['a-b_c']}!"]
    assert BENCH.sql("/posts/x12 /posts/x7abc") == [f"/posts/x{members[12]} /posts/x7abc"]


def test_a_link_that_leads_nowhere_is_a_note() -> None:
    BENCH.given("/members/9 /members/8", "/members/1", None)
    ((count, examples, severity, _),) = BENCH.probes()
    assert (count, examples, severity) == (1, ["/members/8"], "note")


def test_uuid_keys() -> None:
    key = "0189e4a6-9f0f-7cc2-a1de-3c7f2c1a0b11"
    made = bench('[{prefix: "m=", table: members}]', [key], "uuid")
    (new,) = made.crosswalks["members"].values()
    assert made.sql(f"?m={key}&x", f"m={key}0") == [f"?m={new}&x", f"m={key}0"]


def test_a_prefix_is_text_and_never_a_pattern() -> None:
    made = bench('[{prefix: "a.b?(*[\\\\|$^+{", table: members}]')
    (new,) = made.sql("a.b?(*[\\|$^+{1")
    assert new == "a.b?(*[\\|$^+{" + made.crosswalks["members"][1]
    made.agree("a.b?(*[\\|$^+{1", "axb?(*[\\|$^+{1", "a")
    for prefix in ("/€/", "{1}", "-&~#", "« "):
        bench(f'[{{prefix: "{prefix}", table: members, becomes: "»"}}]').agree(f"{prefix}1 {prefix}12x", "1", prefix)


def test_there_and_back() -> None:
    step = bench(f"[{MEMBER}, {POST}]").compiled.edges[0].columns[-1].mapping.steps[0]
    inverse = step.inverse((plain("text"),)).step
    assert isinstance(inverse, Relink)
    forms = {(link.prefix, link.becomes) for link in inverse.links}
    assert forms == {("/members/", "/members/"), ("/entries/", "/posts/")}
    backwards = bench(f"[{MEMBER}]", list(map(str, range(3))), "text")
    text = "see /members/1 and /members/2, not /members/7"
    (there,) = backwards.sql(text)
    backwards.crosswalks["members"] = {new: old for old, new in backwards.crosswalks["members"].items()}
    assert backwards.twin(there) == [text]


@pytest.mark.parametrize(
    "links",
    [
        "[]",
        "[{prefix: /m/}]",
        '[{prefix: "", table: members}]',
        "[{prefix: /m/, table: members}, {prefix: /m/, table: posts}]",
        "[{prefix: /m/, table: nobody}]",
        "[{prefix: /m/, table: members, become: /x/}]",
    ],
)
def test_what_is_no_link_is_refused(links: str) -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:10"):
        bench(links)
