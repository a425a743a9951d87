"""/v1/archives/{archive}/scope, …/files: how far the tenant's data reached, and the files among it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from api.asked import Asked, of_archive
from api.downloads import download
from api.paging import Start
from api.problems import unknown
from api.routes.archives import found
from api.shapes import streamed
from migrator.access.roles import Permission
from migrator.service.contents import Reached
from storage.files import FileEntry
from storage.streamed import Streamed

router = APIRouter(prefix="/archives", tags=["archives"])
Looking = Annotated[Asked, of_archive(Permission.LOOK)]
Reading = Annotated[Asked, of_archive(Permission.READ_ROWS)]
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
MOST = 500
_ANY = "application/octet-stream"


class FilesShown(BaseModel):
    """`count` is how many the archive holds in all."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "count": 1,
                "start": 0,
                "items": [
                    {
                        "table": "files", "row": '["7"]', "column": "content", "name": "plan.pdf", "size": 48211,
                        "type": "application/pdf", "sha256": "0" * 64, "content_type": "application/pdf",
                        "location": None,
                    }
                ],
            }
        }
    )  # fmt: skip

    count: int
    start: int
    items: list[FileEntry]


@router.get("/{archive}/scope", response_model=Reached)
def scope(asked: Looking, archive: str) -> Reached:
    """Why its rows are there: every table with the path by which it is the tenant's, and what led out."""
    reached = asked.service.reached_tables(found(asked, archive))
    asked.note("read scope", archive)
    return reached


@router.get("/{archive}/files", response_model=FilesShown)
def files(
    asked: Reading,
    archive: str,
    start: Start = 0,
    count: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> dict[str, Any]:
    """The values that are files, and those too large for a cell."""
    held = asked.service.files(found(asked, archive), start=start, count=count)
    asked.note("list files", archive)
    return {"count": held.count, "start": start, "items": held.shown}


@router.get("/{archive}/files/{sha256}", response_class=Response, responses=streamed(_ANY, "The file."))
def file(asked: Reading, archive: str, sha256: Sha256, request: Request) -> Response:
    """One of them, byte for byte."""
    entry, content = opened(asked, archive, sha256)
    asked.note("download file", archive, table=entry.table, row=entry.row)
    return download(request, content, name=entry.name or sha256, media_type=_ANY, etag=sha256)


def opened(asked: Asked, archive: str, sha256: str) -> tuple[FileEntry, Streamed]:
    """A file and its content. Refusal where the archive has none."""
    held = asked.service.file(found(asked, archive), sha256)
    if held is None:
        raise unknown("file", sha256)
    return held
