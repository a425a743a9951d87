"""The texts an archive carries for the person who opens it in ten years: README, LISEZMOI and the check script."""

from __future__ import annotations

from importlib import resources
from string import Template

from storage.identity import Identity
from storage.package import TablePart
from storage.schema import NULL_TOKEN

CHECK_SCRIPT = "check-archive.sh"
_MASKED = {
    "README.txt": """\
MASKED: THIS IS NOT THE DATA AS IT WAS

    Values of $columns column(s) were replaced before they were archived, for tests. Nothing here proves what the source
    holds in them. data/reports/masking.json names each column and how it was masked. The rules have the SHA-256
    $rules
    Archives masked with the key of this fingerprint join with this one:  $key

""",
    "LISEZMOI.txt": """\
MASQUÉES : CE NE SONT PAS LES DONNÉES D'ORIGINE

    Les valeurs de $columns colonne(s) ont été remplacées avant l'archivage, pour des essais. Rien ici ne prouve ce que
    la source y contient. data/reports/masking.json nomme chaque colonne et la manière. Les règles ont le SHA-256
    $rules
    Les archives masquées avec la clé de cette empreinte se joignent à celle-ci :  $key

""",
}
"""How each text begins, where values were masked."""

_SUBJECT = {
    "README.txt": """\
ABOUT ONE PERSON

    This is not all of the tenant: it holds what is about one person, a row of $table.
    Begin with data/portable/subject.html, in any browser; data/portable/subject.json is the same for programs.

""",
    "LISEZMOI.txt": """\
SUR UNE SEULE PERSONNE

    Ce n'est pas tout le client : l'archive contient ce qui concerne une personne, une ligne de $table.
    Commencez par data/portable/subject.html, dans tout navigateur ; data/portable/subject.json est pour les programmes.

""",
}
"""How each text begins, where the archive is about one person."""


def render(identity: Identity, fingerprint: str, tables: tuple[TablePart, ...]) -> dict[str, bytes]:
    """The three files by name, for the root of the archive."""
    values = {
        "archive": identity.archive_id,
        "tenant": _one_line(identity.tenant),
        "plan": _one_line(identity.plan),
        "created_at": identity.created_at,
        "source": _one_line(f"{identity.source_platform} {identity.source_version}"),
        "tool": _one_line(identity.tool),
        "fingerprint": fingerprint,
        "fence": "\n".join(f"    {_one_line(name)}: {_one_line(value)}" for name, value in identity.fence.items()),
        "tables": "\n".join(_line(part) for part in tables) or "    -",
        "tokens": "\n".join(_tokens(tables)) or "    -",
    }
    told = {name: _masked(identity, name) + _about(identity, name) for name in _MASKED}
    texts = {name: (first + Template(_read(name)).substitute(values)).encode() for name, first in told.items()}
    return {**texts, CHECK_SCRIPT: _read(CHECK_SCRIPT).encode()}


def _masked(identity: Identity, name: str) -> str:
    if identity.masked is None:
        return ""
    said = identity.masked
    return Template(_MASKED[name]).substitute(columns=said.columns, rules=said.rules_sha256, key=said.key_fingerprint)


def _about(identity: Identity, name: str) -> str:
    return Template(_SUBJECT[name]).substitute(table=_one_line(identity.subject)) if identity.subject else ""


def _read(name: str) -> str:
    return resources.files("storage").joinpath("texts", name).read_text(encoding="utf-8")


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _line(part: TablePart) -> str:
    where = part.csv[0].path if part.header is None else part.header.path
    return f"    {part.rows:>12}  data/{where}  {_one_line(part.table.name)}"


def _tokens(tables: tuple[TablePart, ...]) -> list[str]:
    return [
        f"    {part.csv[0].path}, {_one_line(column.name)}: {column.null_token}"
        for part in tables
        for column in part.table.columns
        if column.null_token != NULL_TOKEN
    ]
