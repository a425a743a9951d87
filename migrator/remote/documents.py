"""Plans and mappings of this machine, written to the server under their names before anything is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from migrator.plan import Plan, load_plan
from migrator.registry.documents import Kind
from migrator.remote.server import Server, path
from migrator.runs.request import Document
from migrator.service.opening import beside
from storage.errors import Misuse

_NOTE = "from the command line"


class _Unexpanded(Mapping[str, str]):
    """What `${…}` means is the server's to say: here every name means itself."""

    def __getitem__(self, name: str) -> str:
        return f"${{{name}}}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True, kw_only=True)
class Uploading:
    """Whose texts lie in files here."""

    server: Server

    def plan(self, path: Path) -> Plan:
        """The plan as it is written, with nothing expanded."""
        return load_plan(path, _Unexpanded())

    def of_plan(self, plan: Plan, *parts: str) -> str:
        """The address of something of this plan, which the server has by now, with its mapping, word by word."""
        if plan.mapping is not None and (mapping := beside(plan, plan.mapping)) is not None:
            self._bring(Kind.MAPPING, plan.tenant, PurePosixPath(plan.mapping).name, mapping)
        self._bring(Kind.PLAN, plan.tenant, plan.name, Document(text=plan.text, file=plan.file))
        return path("tenants", plan.tenant, "plans", plan.name, *parts)

    def _bring(self, kind: Kind, tenant: str, name: str, document: Document) -> None:
        there = self._there(kind, tenant, name)
        version = there["version"] if there else 0
        self.server.names[f"{kind} {name}"] = document.file
        if there is None or there["text"] != document.text:
            written = path("tenants", tenant, f"{kind}s", name)
            version = self.server.put(written, {"text": document.text, "note": _NOTE}, after=version)["version"]
        self.server.names[f"{kind} {name} version {version}"] = document.file

    def _there(self, kind: Kind, tenant: str, name: str) -> dict[str, Any] | None:
        """Its newest version; None before the first."""
        listed = self.server.every(path("tenants", tenant, f"{kind}s"))
        if all(one["name"] != name for one in listed):
            return None
        found: dict[str, Any] = self.server.get(path("tenants", tenant, f"{kind}s", name))
        return found


def archive_id(location: str) -> str:
    """Of a location as snapshots print it, or of itself."""
    name = location.partition("?")[0].rstrip("/").rpartition("/")[2]
    if not name:
        raise Misuse("not an archive", where=location, next="write its id, or its location as snapshot prints it")
    return name


def platform(given: str) -> str:
    """The name of a platform, also where it is written as plans write it."""
    name = given.removeprefix("${").removesuffix("}")
    if "://" in given or not name:
        raise Misuse(
            "a server opens the platforms that its admin registered, and no other address",
            where="--server",
            next="name one of them, as plans do: '${NAME}'",
        )
    return name
