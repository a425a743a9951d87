"""The story's data: the same every time, sound, and holding every trap its README promises."""

from __future__ import annotations

import runpy
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SOCIAL = Path(__file__).parents[3] / "samples" / "social"
OUR_ROWS = """
CREATE TEMP VIEW our_members AS SELECT * FROM main.members WHERE company_id = 3;
CREATE TEMP VIEW our_groups AS SELECT * FROM main.groups WHERE company_id = 3;
CREATE TEMP VIEW our_memberships AS SELECT * FROM main.memberships WHERE group_id IN (SELECT id FROM our_groups);
CREATE TEMP VIEW our_posts AS SELECT * FROM main.posts WHERE company_id = 3;
CREATE TEMP VIEW our_comments AS SELECT * FROM main.comments WHERE post_id IN (SELECT id FROM our_posts);
CREATE TEMP VIEW our_reactions AS SELECT * FROM main.reactions
    WHERE target_type = 'post' AND target_id IN (SELECT id FROM our_posts)
        OR target_type = 'comment' AND target_id IN (SELECT id FROM our_comments);
CREATE TEMP VIEW our_messages AS SELECT * FROM main.messages WHERE sender_id IN (SELECT id FROM our_members);
CREATE TEMP VIEW our_post_tags AS SELECT * FROM main.post_tags WHERE post_id IN (SELECT id FROM our_posts);
CREATE TEMP VIEW our_files AS SELECT * FROM main.files WHERE uploaded_by IN (SELECT id FROM our_members);
"""
OURS = "(SELECT id FROM our_members)"
OUR_POSTS = "(SELECT id FROM our_posts)"

# each gives a row exactly where the trap is there
TRAPS = {
    "ids interleave": "SELECT 1 FROM our_posts o JOIN posts p ON p.id = o.id + 1 WHERE p.company_id <> 3",
    "country we do not use": "SELECT 1 FROM countries WHERE id NOT IN (SELECT country_id FROM our_members)",
    "owner cycle": f"SELECT 1 FROM companies WHERE id = 3 AND owner_id IN {OURS}",
    "pinned cycle": "SELECT 1 FROM our_groups g JOIN our_posts p ON p.id = g.pinned_post_id AND p.group_id = g.id",
    "managers": f"SELECT 1 FROM our_members WHERE manager_id IN {OURS}",
    "threads": "SELECT 1 FROM our_comments c JOIN comments p ON p.id = c.parent_id AND p.post_id = c.post_id",
    "file only its uploader leads to": "SELECT 1 FROM our_files WHERE post_id IS NULL",
    "polymorphic": "SELECT 1 FROM our_reactions GROUP BY target_id HAVING count(DISTINCT target_type) = 2",
    "guest member": f"SELECT 1 FROM our_memberships WHERE member_id NOT IN {OURS}",
    "guest comment": f"SELECT 1 FROM our_comments WHERE author_id NOT IN {OURS}",
    "guest reaction": f"SELECT 1 FROM our_reactions WHERE member_id NOT IN {OURS}",
    "our comment elsewhere": (f"SELECT 1 FROM comments WHERE author_id IN {OURS} AND post_id NOT IN {OUR_POSTS}"),
    "message out": f"SELECT 1 FROM our_messages WHERE recipient_id NOT IN {OURS}",
    "message in": f"SELECT 1 FROM messages WHERE sender_id NOT IN {OURS} AND recipient_id IN {OURS}",
    "equal rows, no key": "SELECT 1 FROM our_post_tags GROUP BY post_id, tag_id HAVING count(*) > 1",
    "mixed storage classes": "SELECT 1 WHERE 4 = (SELECT count(DISTINCT typeof(badge)) FROM our_members)",
    "leading zeros": "SELECT 1 FROM our_members WHERE badge = '007' AND typeof(badge) = 'text'",
    "float": "SELECT 1 FROM our_members WHERE score = 0.1 + 0.2 AND score <> 0.3",
    "smallest float": "SELECT 1 FROM our_members WHERE score = -5e-324",
    "largest float": "SELECT 1 FROM our_members WHERE score = 1.7976931348623157e308",
    "NULL": "SELECT 1 FROM our_posts WHERE title IS NULL",
    "empty and blank texts": "SELECT 1 FROM our_posts a, our_posts b WHERE a.title = '' AND b.title = ' '",
    "texts like NULL": "SELECT 1 FROM our_posts a, our_posts b WHERE a.title = '\\N' AND b.title = 'NULL'",
    "emoji": "SELECT 1 FROM our_posts WHERE body LIKE '%🎉👩🏽‍🔧%'",
    "line ends": "SELECT 1 FROM our_posts WHERE body LIKE '%e' || char(10) || '%' || char(13, 10) || '%'",
    "combining accent": "SELECT 1 FROM our_posts WHERE instr(body, 'e' || char(769))",
    "Arabic text": "SELECT 1 FROM our_posts WHERE body LIKE '%مرحبا%'",
    "right-to-left name": "SELECT 1 FROM our_members WHERE first_name || last_name GLOB '*[א-ی]*'",
    "markup": "SELECT 1 FROM our_posts WHERE body LIKE '%<script>%'",
    "id that begins another": "SELECT 1 FROM our_posts WHERE body LIKE '%/members/1\"%/members/11\"%'",
    "both of them ours": f"SELECT 1 WHERE 1 IN {OURS} AND 11 IN {OURS}",
    "dangling link": "SELECT 1 FROM our_posts WHERE body LIKE '%/members/900000001\"%'",
    "link to another company": f"SELECT 1 FROM our_posts WHERE body LIKE '%/posts/2\"%' AND 2 NOT IN {OUR_POSTS}",
    "empty file": "SELECT 1 FROM our_files WHERE content = x'' AND size = 0",
    "lost file": "SELECT 1 FROM our_files WHERE content IS NULL",
    "equal files": "SELECT 1 FROM our_files WHERE size > 0 GROUP BY content HAVING count(*) > 1",
    "hostile file name": "SELECT 1 FROM our_files WHERE name LIKE '../%'",
    "poke": "SELECT 1 FROM our_reactions WHERE kind = 'poke'",
    "empty message": "SELECT 1 FROM our_messages WHERE deleted_at IS NULL AND trim(body) = ''",
    "message without body": "SELECT 1 FROM our_messages WHERE deleted_at IS NULL AND body IS NULL",
    "deleted message": "SELECT 1 FROM our_messages WHERE deleted_at IS NOT NULL",
    "person Agora knows": "SELECT 1 FROM our_members JOIN agora.accounts USING (email)",
    "row a delete would cascade to": "SELECT 1 FROM agora.notifications n JOIN agora.accounts a ON a.id = n.account_id",
    "number Agora gave": "SELECT 1 FROM agora.sqlite_sequence WHERE name = 'reactions' AND seq > 0",
}


@pytest.fixture(scope="module")
def generate() -> Callable[..., None]:
    function: Callable[..., None] = runpy.run_path(str(SOCIAL / "generate.py"))["generate"]
    return function


def _opened(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "ruche.db")
    connection.execute("ATTACH ? AS agora", (str(folder / "agora.db"),))
    connection.executescript(OUR_ROWS)
    return connection


@pytest.fixture(scope="module")
def story(generate: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    folder = tmp_path_factory.mktemp("story")
    generate(folder, rows=2_000)
    connection = _opened(folder)
    yield connection
    connection.close()


def _dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.mark.parametrize("trap", TRAPS)
def test_the_data_holds_the_trap(story: sqlite3.Connection, trap: str) -> None:
    assert story.execute(TRAPS[trap]).fetchone(), trap


def test_every_declared_reference_leads_somewhere(story: sqlite3.Connection) -> None:
    assert story.execute("PRAGMA main.foreign_key_check").fetchall() == []
    assert story.execute("PRAGMA agora.foreign_key_check").fetchall() == []


def test_undeclared_references_lead_somewhere_too(story: sqlite3.Connection) -> None:
    assert not story.execute("SELECT id FROM files WHERE uploaded_by NOT IN (SELECT id FROM members)").fetchall()
    for kind, parent in (("post", "posts"), ("comment", "comments")):
        lost = f"SELECT id FROM main.reactions WHERE target_type = ? AND target_id NOT IN (SELECT id FROM {parent})"
        assert not story.execute(lost, (kind,)).fetchall()


def test_stubbed_guests_and_carried_partners_are_different_people(story: sqlite3.Connection) -> None:
    guests = f"SELECT author_id FROM our_comments WHERE author_id NOT IN {OURS}"
    partners = f"SELECT recipient_id FROM our_messages WHERE recipient_id NOT IN {OURS}"
    assert not story.execute(f"{guests} INTERSECT {partners}").fetchall()


def test_files_are_as_long_as_they_say(story: sqlite3.Connection) -> None:
    assert not story.execute("SELECT id FROM files WHERE content IS NOT NULL AND size <> length(content)").fetchall()


@pytest.mark.parametrize("rows", [200, 2_000])
def test_the_tenant_has_about_the_rows_asked_for(generate: Callable[..., None], tmp_path: Path, rows: int) -> None:
    generate(tmp_path, rows=rows)
    connection = _opened(tmp_path)
    views = [name for (name,) in connection.execute("SELECT name FROM sqlite_temp_master").fetchall()]
    total = sum(connection.execute(f"SELECT count(*) FROM {view}").fetchone()[0] for view in views)
    connection.close()
    assert 0.8 * rows < total < 1.2 * rows


def test_same_rows_and_seed_same_values(generate: Callable[..., None], tmp_path: Path) -> None:
    for folder, seed in (("one", 1), ("two", 1), ("three", 2)):
        generate(tmp_path / folder, rows=200, seed=seed)
    one, two, three = (_dump(tmp_path / folder / "ruche.db") for folder in ("one", "two", "three"))
    assert one == two
    assert one != three
    assert _dump(tmp_path / "one" / "agora.db") == _dump(tmp_path / "two" / "agora.db")
