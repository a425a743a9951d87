"""Archives through the API: looked into, and taken along, whole or from where a download broke off."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from contextlib import closing
from types import SimpleNamespace
from typing import cast

import openpyxl
import pytest

from api.pages.archives import View, _keys
from storage.archive import Archive
from storage.location import open_store
from storage.schema import ForeignKey, Table
from tests.api.office import Office, of


@pytest.fixture
def archive(server: Office) -> str:
    of(server.by("operator").post("/v1/tenants/ours/plans/ours-away/snapshots", json={}), 202)
    server.perform()
    (found,) = of(server.by("viewer").get("/v1/archives"))["items"]
    return str(found["archive_id"])


def test_the_customer_looks_into_their_own(server: Office, archive: str) -> None:
    viewer = server.by("viewer")
    shown = of(viewer.get(f"/v1/archives/{archive}"))
    assert {table["name"]: table["rows"] for table in shown["tables"]} == {"firms": 1, "people": 2, "notes": 2}
    rows = of(viewer.get(f"/v1/archives/{archive}/tables/people/rows", params={"where": "name|contains|be"}))
    assert (rows["matching"], rows["rows"][0][2]) == (1, "Ben")
    refused = of(viewer.get(f"/v1/archives/{archive}/tables/people/rows", params={"where": "name|like|x"}), 422)
    assert "contains" in refused["next"]
    assert of(viewer.get(f"/v1/archives/{archive}/tables/nobody/rows"), 422)
    read = [entry for entry in server.served.audit.entries(tenant="ours", limit=1000) if entry.action == "read rows"]
    assert [(entry.who, entry.detail["table"]) for entry in read] == [("viewer@example.org", "people")]


def test_another_tenants_archive_is_not_there(server: Office, archive: str) -> None:
    stranger = server.by("stranger")
    for path in (
        "",
        "/tables/people/rows",
        "/tables/people.csv",
        "/tables/people.parquet",
        "/tables/people.xlsx",
        ".zip",
    ):
        assert stranger.get(f"/v1/archives/{archive}{path}").status_code == 404
    assert of(stranger.get("/v1/archives"))["items"] == []


def test_a_whole_archive_comes_as_a_zip_that_checks_green(server: Office, archive: str) -> None:
    viewer = server.by("viewer")
    answer = viewer.get(f"/v1/archives/{archive}.zip")
    assert len(answer.content) == int(answer.headers["Content-Length"])
    unpacked = server.world.folder / "unpacked"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        file.extractall(unpacked)
    store = open_store(unpacked.as_uri())
    assert store.size(f"{archive}/tagmanifest-sha256.txt")
    assert server.world.migrator("archive", "check", unpacked / archive).code == 0


@pytest.mark.parametrize("path", [".zip", "/tables/people.csv", "/tables/people.parquet"])
def test_a_download_that_broke_off_is_gone_on_with(server: Office, archive: str, path: str) -> None:
    viewer, address = server.by("viewer"), f"/v1/archives/{archive}{path}"
    whole = viewer.get(address)
    rest = viewer.get(address, headers={"Range": "bytes=10-", "If-Range": whole.headers["ETag"]})
    assert (rest.status_code, rest.content) == (206, whole.content[10:])
    assert rest.headers["Content-Range"] == f"bytes 10-{len(whole.content) - 1}/{len(whole.content)}"
    middle = viewer.get(address, headers={"Range": "bytes=5-9"})
    assert middle.content == whole.content[5:10]
    other = viewer.get(address, headers={"Range": "bytes=10-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)
    assert viewer.get(address, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416


def test_a_table_comes_as_a_sheet_in_which_nothing_is_computed(server: Office, archive: str) -> None:
    with closing(sqlite3.connect(server.world.source)) as connection, connection:
        connection.execute("UPDATE notes SET text = '=1+1' WHERE id = 2")
    of(server.by("operator").post("/v1/tenants/ours/plans/ours-away/snapshots", json={}), 202)
    server.perform()
    newest = of(server.by("viewer").get("/v1/archives"))["items"][-1]["archive_id"]
    answer = server.by("viewer").get(f"/v1/archives/{newest}/tables/notes.xlsx")
    assert len(answer.content) == int(answer.headers["Content-Length"])
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert [[cell.value for cell in row] for row in book["notes"]] == [
        ["id", "author_id", "text"],
        [1, 1, "one"],
        [2, 2, "=1+1"],
    ]
    assert book["notes"]["C3"].data_type == "s"
    assert server.by("viewer").get(f"/v1/archives/{newest}/tables/people.xlsx").status_code == 200
    assert server.by("viewer").get(f"/v1/archives/{newest}/tables/none.xlsx").status_code == 422


def test_a_damaged_archive_is_not_shown_as_if_it_were_whole(server: Office, archive: str) -> None:
    (part,) = (path for path in (server.world.store / archive / "data").rglob("*.parquet") if "people" in str(path))
    part.chmod(0o644)
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    refused = of(server.by("viewer").get(f"/v1/archives/{archive}/tables/people/rows"), 409)
    assert "corrupt" in refused["title"]


def test_far_beyond_the_last_row_there_is_nothing_and_further_no_number_leads(server: Office, archive: str) -> None:
    viewer = server.by("viewer")
    for path in ("/v1/archives/{}/files", "/archives/{}/files", "/v1/archives/{}/tables/people/rows"):
        assert viewer.get(path.format(archive), params={"start": 10**12}).status_code == 200
        assert viewer.get(path.format(archive), params={"start": 10**30}).status_code == 422


def test_links_lead_to_tables_whatever_they_are_called() -> None:
    view = View(path="/x", search="", column="", comparison="", value="", sort="", descending=False, start=0)
    assert view.link(sort="a&b") == "/x?sort=a%26b"
    parents = [
        ForeignKey(name="", columns=(name,), parent=name, parent_columns=("id",)) for name in ("50% #1?", "gone")
    ]
    child = Table(name="child", columns=(), foreign_keys=tuple(parents))
    held = [SimpleNamespace(table=Table(name="50% #1?", columns=()))]
    opened = SimpleNamespace(identity=SimpleNamespace(archive_id="a"), tables=held)
    assert _keys(child, cast(Archive, opened)) == {"50% #1?": ("/archives/a/tables/50%25%20%231%3F", "id")}
