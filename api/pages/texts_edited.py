"""A plan or a mapping as text: opened to be changed, kept as its next version, or shown again with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Asked
from api.pages.diff import diff
from api.pages.frame import form_of, page
from api.pages.wrong import Wrong
from migrator.registry.documents import Kind, Stale
from storage.errors import Misuse


def version_of(form: dict[str, str]) -> int:
    """The version that was read before the form was filled in; 0 where there was none."""
    told = form.get("after", "")
    return int(told) if told.isdecimal() and len(told) < 10 else 0


@dataclass(frozen=True, kw_only=True)
class Editor:
    """`require` raises Misuse for a text that is none; `place` is where what was kept is shown, below its tenant."""

    kind: Kind
    template: str
    place: str
    require: Callable[[Asked, str, str], object]

    def opened(self, asked: Asked, request: Request, name: str, version: int | None) -> Response:
        """The newest text, or an older one to begin from again."""
        read = asked.served.documents.read
        newest = read(self.kind, asked.tenant, name)
        begun = newest if version is None else read(self.kind, asked.tenant, name, version)
        return self.shown(asked, request, name, text=begun.text, after=newest.version, begun_from=begun.version)

    def kept(self, asked: Asked, request: Request, name: str, *, note: str, only_check: bool = False) -> Response:
        """The next version; or the same page again, with what is wrong at its line or what somebody else wrote."""
        form, documents = form_of(request), asked.served.documents
        text = form.get("text", "").replace("\r\n", "\n")
        after = version_of(form)
        try:
            self.require(asked, name, text)
            if only_check:
                return self.shown(asked, request, name, text=text, after=after, note=note, is_sound=True)
            with asked.together():
                kept = documents.write(self.kind, asked.tenant, name, text, by=asked.who.name, after=after, note=note)
                asked.note(f"write {self.kind}", name, version=str(kept.version))
        except Stale:
            newest = documents.read(self.kind, asked.tenant, name)
            return self.shown(
                asked, request, name, status=412, text=text, after=newest.version, note=note, other=newest.text
            )
        except Misuse as error:
            wrong = Wrong.of(error, text)
            return self.shown(asked, request, name, status=422, text=text, after=after, note=note, wrong=wrong)
        return RedirectResponse(f"/tenants/{quote(asked.tenant)}/{self.place}/{name}", status_code=303)

    def shown(
        self,
        asked: Asked,
        request: Request,
        name: str,
        *,
        text: str,
        after: int,
        status: int = 200,
        note: str = "",
        begun_from: int | None = None,
        is_sound: bool = False,
        wrong: Wrong | None = None,
        other: str | None = None,
    ) -> Response:
        """`after` is the version it will follow, 0 for none; `other` what somebody else wrote meanwhile."""
        return page(
            request,
            self.template,
            asked=asked,
            status=status,
            tenant=asked.served.tenants.find(asked.tenant),
            name=name,
            text=text,
            after=after,
            note=note,
            begun_from=begun_from,
            is_sound=is_sound,
            wrong=wrong,
            changes=diff(other, text) if other is not None else None,
        )
