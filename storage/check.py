"""Checks a whole archive: the findings of its own check-archive.sh, and that master, twin and descriptor agree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from storage import bag, files, manual, seal
from storage.address import below
from storage.archive import Archive, ArchivedTable
from storage.digest import TableDigest
from storage.errors import Misuse, Red
from storage.objects import ObjectStore, read_bytes
from storage.package import DESCRIPTOR
from storage.problem import Problem
from storage.verified import passing

_TAGS = (bag.BAG_DECLARATION, bag.BAG_INFO, bag.MANIFEST, "README.txt", "LISEZMOI.txt", manual.CHECK_SCRIPT)
_NEXT = "do not rely on this archive; get another copy of it"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """Green if there is no problem; `origin_checked`: the signer was compared with a key given from outside."""

    archive_id: str
    problems: tuple[Problem, ...]
    files: int
    bytes: int
    fingerprint: str
    origin_checked: bool

    @property
    def is_green(self) -> bool:
        return not self.problems


def check_archive(
    store: ObjectStore, archive_id: str, *, key: str | None = None, bytes_only: bool = False
) -> CheckResult:
    """Every finding at once; `key` is the fingerprint the signer should have. Misuse if nothing is there.

    A Fault of the store is raised: what cannot be read now is no finding about the archive.

    `bytes_only`: listing, hashes and signatures, without counting and comparing the rows of master and twin.
    """
    expected = None if key is None else _fingerprint(key)
    there = {info.key.removeprefix(f"{archive_id}/"): info.size for info in store.list(f"{archive_id}/")}
    if not there:
        raise Misuse("there is no archive", where=below(store.url, archive_id), next="check the store and the id")
    check = _Check(store, archive_id, there)
    fingerprint = check.run(expected, bytes_only=bytes_only)
    return CheckResult(
        archive_id=archive_id,
        problems=tuple(check.problems),
        files=len(there),
        bytes=sum(there.values()),
        fingerprint=fingerprint,
        origin_checked=expected is not None,
    )


def _fingerprint(key: str) -> str:
    digits = re.sub(r"[: ]", "", key).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise Misuse("this is not a fingerprint", where=key, next="give the 64 hexadecimal digits printed at snapshot")
    return digits


class _Check:
    def __init__(self, store: ObjectStore, archive_id: str, there: Mapping[str, int]) -> None:
        self._store = store
        self._archive_id = archive_id
        self._there = there
        self.problems: list[Problem] = []

    def _find(self, where: str, what: str) -> None:
        self.problems.append(Problem(where=where, what=what, next=_NEXT))

    def run(self, expected: str | None, *, bytes_only: bool) -> str:
        listed = self._manifest(bag.TAG_MANIFEST, _TAGS) | self._manifest(bag.MANIFEST, ())
        for path in sorted(self._there.keys() - listed.keys() - _allowed()):
            self._find(path, "added")
        for path, sha256 in listed.items():
            self._content(path, sha256)
        fingerprint = self._signatures(expected)
        if not self.problems and not bytes_only:
            self._tables()
        return fingerprint

    def _manifest(self, name: str, required: tuple[str, ...]) -> dict[str, str]:
        if name not in self._there:
            self._find(name, "missing")
            return {}
        try:
            hashes = bag.parse_manifest(self._read(name), where=name)
        except Red as error:
            self._find(error.where or name, error.what)
            return {}
        for path in required:
            if path not in hashes:
                self._find(path, f"not covered by {name}")
        return hashes

    def _read(self, path: str) -> bytes:
        return read_bytes(self._store, f"{self._archive_id}/{path}")

    def _content(self, path: str, sha256: str) -> None:
        if path not in self._there:
            self._find(path, "missing")
            return
        try:
            for _ in passing(self._store, f"{self._archive_id}/{path}", sha256):
                pass  # hashed, and not kept
        except Red as error:
            self._find(path, error.what.removeprefix("corrupt: "))

    def _signatures(self, expected: str | None) -> str:
        if bag.TAG_MANIFEST not in self._there:
            return ""
        names = [name for name in seal.SIGNATURE_FILES if f"signatures/{name}" in self._there]
        try:
            content = {name: self._read(f"signatures/{name}") for name in names}
            found = seal.verify(self._read(bag.TAG_MANIFEST), content)
        except Red as error:
            self._find(error.where, error.what)
            return ""
        for name, what in found.problems.items():
            self._find(f"signatures/{name}", what)
        if expected is not None and expected != found.fingerprint:
            self._find("signatures", f"wrong key: signed by {found.fingerprint or 'nobody'}, not by {expected}")
        return found.fingerprint

    def _tables(self) -> None:
        try:
            archive = Archive.open(self._store, self._archive_id)
            self._bag_info(archive)
            held = [self._held(archive, part) for part in archive.described()]
            *of_tables, _of_files = held
            named = self._listed(archive, set().union(*of_tables))
            self._accounts(archive, named.union(*held))
        except (Red, Misuse) as error:
            self._find(error.where, error.what)

    def _held(self, archive: Archive, part: ArchivedTable) -> set[str]:
        return self._table(archive, part, master=True) | self._table(archive, part, master=False)

    def _table(self, archive: Archive, part: ArchivedTable, *, master: bool) -> set[str]:
        """Compares one reading of a table with its description; the files its cells stand for."""
        form, digest, held = "CSV master" if master else "Parquet twin", TableDigest(part.table), set[str]()
        for texts, rows in archive.cell_texts(part, master=master):
            digest.add(texts, rows)
            held |= archive.held_paths(part, texts)
        if digest.rows != part.rows:
            self._find(part.table.name, f"the {form} has {digest.rows} rows, the descriptor says {part.rows}")
        elif str(digest) != part.digest:
            self._find(part.table.name, f"the {form} has the digest {digest}, the descriptor says {part.digest}")
        return held

    def _listed(self, archive: Archive, held: set[str]) -> set[str]:
        """Compares what cells hold with the table of files; the files that rows only name."""
        naming = {
            (part.table.name, column.name)
            for part in archive.tables
            for column in part.table.columns
            if column.attachment and column.attachment.named
        }
        listed, named = set[str](), set[str]()
        for entry in archive.files():
            found = named if (entry.table, entry.column) in naming else listed
            found.add(files.file_path(entry.sha256))
        if not listed <= held <= listed | named:  # a name may itself be so long that it is held
            self._find("data/csv/_files.csv", "it does not list the values that cells hold under files/")
        return named

    def _accounts(self, archive: Archive, held: set[str]) -> None:
        """Every cell's and every row's file is there, and every file under data/ is somebody's."""
        there = archive.payload()
        for path in sorted(held - there):
            self._find(f"data/{path}", "missing: a cell holds its value there")
        described = {one.path for part in archive.described() for one in part.parts}
        for path in sorted(there - described - held - {DESCRIPTOR, *archive.documents()}):
            self._find(f"data/{path}", "in the manifest, and nothing says what it is")

    def _bag_info(self, archive: Archive) -> None:
        info = bag.parse_info(self._read(bag.BAG_INFO))
        sizes = [self._there[f"data/{path}"] for path in archive.payload()]
        for label, value in archive.identity.bag_info(files=len(sizes), size=sum(sizes)):
            if label.startswith(("Migrator-", "Payload-")) and info.get(label, value) != value:
                self._find(bag.BAG_INFO, f"{label} is not what the descriptor and the files say")


def _allowed() -> set[str]:
    return {bag.TAG_MANIFEST, *(f"signatures/{name}" for name in (*seal.SIGNATURE_FILES, *seal.LATER_FILES))}
