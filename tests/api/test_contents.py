"""What an archive holds beside rows: its tree, the files in it, each looked at and taken; and whether it is whole."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing

import pytest

from migrator.registry.platforms import Secret
from tests.api.office import Office, of
from tests.api.test_plans import PLAN, kept

PICTURE = bytes.fromhex("89504e470d0a1a0a") + b"a picture, as far as anybody looks"
SCRIPT = b"<script>alert(1)</script>"
MARKUP = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
RULE = "    attachments:\n      - {table: people, column: photo, name: name, type: mood}\n    excluded:"


@pytest.fixture
def archive(server: Office) -> str:
    """With three files: a picture, and two that would be scripts if a browser took them for what they say."""
    with closing(sqlite3.connect(server.world.source)) as connection, connection:
        connection.execute("ALTER TABLE people ADD COLUMN photo BLOB")
        connection.execute("UPDATE people SET photo = ? WHERE id = 1", (PICTURE,))
        connection.execute("UPDATE people SET photo = ?, mood = 'image/png' WHERE id = 2", (SCRIPT,))
        connection.execute("INSERT INTO people VALUES (4, 1, 'Dé/é.svg', 'calm', '1', NULL, ?)", (MARKUP,))
    operator = server.by("operator")
    kept(server, of(operator.get(PLAN))["text"].replace("    excluded:", RULE), after=1)
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    (found,) = of(operator.get("/v1/archives"))["items"]
    return str(found["archive_id"])


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_files_are_listed_and_taken_byte_for_byte(server: Office, archive: str) -> None:
    viewer = server.by("viewer")
    listed = of(viewer.get(f"/v1/archives/{archive}/files"))
    assert [(one["name"], one["row"], one["size"]) for one in listed["items"]] == [
        ("Ada", '["1"]', len(PICTURE)),
        ("Ben", '["2"]', len(SCRIPT)),
        ("Dé/é.svg", '["4"]', len(MARKUP)),
    ]
    second = of(viewer.get(f"/v1/archives/{archive}/files", params={"start": 1, "count": 1}))
    assert (second["count"], [one["name"] for one in second["items"]]) == (3, ["Ben"])
    for content in (PICTURE, SCRIPT, MARKUP):
        taken = viewer.get(f"/v1/archives/{archive}/files/{sha(content)}")
        assert taken.content == content and taken.headers["content-type"] == "application/octet-stream"
        assert taken.headers["content-disposition"].startswith("attachment")
    rest = viewer.get(f"/v1/archives/{archive}/files/{sha(PICTURE)}", headers={"Range": "bytes=8-"})
    assert (rest.status_code, rest.content) == (206, PICTURE[8:])
    assert viewer.get(f"/v1/archives/{archive}/files/{'0' * 64}").status_code == 404
    assert server.by("stranger").get(f"/v1/archives/{archive}/files/{sha(PICTURE)}").status_code == 404
    read = [entry for entry in server.served.audit.entries(tenant="ours", limit=100) if entry.action == "download file"]
    assert [entry.detail["row"] for entry in read] == ['["1"]', '["2"]', '["4"]', '["1"]']


def test_a_file_is_looked_at_and_never_run(server: Office, archive: str) -> None:
    viewer, place = server.by("viewer"), f"/archives/{archive}/files"
    listed = viewer.get(place).text
    assert "Dé/é.svg" in listed
    assert f"/archives/{archive}/tables/people?column=id&amp;comparison=is&amp;value=4" in listed
    assert f'src="{place}/{sha(PICTURE)}/picture"' in viewer.get(f"{place}/{sha(PICTURE)}").text
    drawn = viewer.get(f"{place}/{sha(PICTURE)}/picture")
    assert (drawn.content, drawn.headers["content-type"]) == (PICTURE, "image/png")
    assert drawn.headers["x-content-type-options"] == "nosniff"
    for content in (SCRIPT, MARKUP):  # whatever their rows say they are
        shown = viewer.get(f"{place}/{sha(content)}").text
        assert "&lt;script&gt;alert(1)" in shown and "<script>alert" not in shown
        assert viewer.get(f"{place}/{sha(content)}/picture").status_code == 404
    assert viewer.get(f"{place}/nothing").status_code == 422
    actions = [entry.action for entry in server.served.audit.entries(tenant="ours", limit=100)]
    assert actions.count("look at file") == 3 and "list files" in actions


def test_a_file_that_was_changed_is_not_given_as_if_it_were_whole(server: Office, archive: str) -> None:
    (held,) = (path for path in (server.world.store / archive / "data" / "files").rglob(sha(SCRIPT)))
    held.chmod(0o644)
    held.write_bytes(SCRIPT[:-1] + b"!")
    taken = server.by("viewer").get(f"/v1/archives/{archive}/files/{sha(SCRIPT)}")
    assert len(taken.content) < len(SCRIPT)  # it breaks off
    assert server.by("viewer").get(f"/archives/{archive}/files/{sha(SCRIPT)}").status_code == 409
    checked = server.by("viewer").get(f"/archives/{archive}/check").text
    assert "the archive is not whole" in checked and sha(SCRIPT) in checked


def test_an_archive_shows_why_its_rows_are_there(server: Office, archive: str) -> None:
    viewer = server.by("viewer")
    told = {one["table"]: one for one in of(viewer.get(f"/v1/archives/{archive}/scope"))["tables"]}
    assert (told["people"]["parents"], told["people"]["rows"]) == (["firms"], 3)
    shown = viewer.get(f"/archives/{archive}").text
    assert shown.index(">firms</a>") < shown.index(">people</a>") < shown.index(">notes</a>")
    assert "firm_id" in shown and f"/archives/{archive}/files" in shown and "/restores" not in shown


def test_an_archive_is_checked_copied_and_restored_from_its_page(server: Office, archive: str) -> None:
    operator, place = server.by("operator"), f"/archives/{archive}"
    assert "the archive is whole" in server.by("viewer").get(f"{place}/check").text
    named = server.by("viewer").get(f"{place}/check", params={"key": "0" * 64}).text
    assert "compared with the key" in named and "the archive is not whole" in named
    assert server.by("viewer").get(f"{place}/check", params={"key": "not a key"}).status_code == 422
    server.served.platforms.put("VAULT", Secret((server.world.folder / "vault").as_uri()), tenants=["ours"], by="setup")
    empty = f"sqlite:///{server.world.folder / 'empty.db'}"
    server.served.platforms.put("EMPTY", Secret(empty), tenants=["ours"], by="setup")
    sqlite3.connect(server.world.folder / "empty.db").close()
    page = operator.get(place).text
    assert "VAULT" in page and "EMPTY" in page
    copied = operator.post(f"{place}/copies", data={"platform": "VAULT"})
    assert copied.status_code == 200 and "The copy is there" in copied.text
    assert operator.post(f"{place}/copies", data={"platform": "THEIRS"}).status_code == 422
    begun = operator.post(f"{place}/restores", data={"platform": "EMPTY", "form": "csv"}, follow_redirects=False)
    assert begun.status_code == 303 and begun.headers["location"].startswith("/runs/")
    assert operator.post(f"{place}/restores", data={"platform": "EMPTY", "form": "x"}).status_code == 422
    for path in ("copies", "restores"):
        assert server.by("viewer").post(f"{place}/{path}", data={"platform": "VAULT"}).status_code == 403
