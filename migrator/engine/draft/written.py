"""A draft as a plan file: what is proposed as entries that say `guessed`, and everything else as comments."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

import yaml

from migrator.engine.draft.evidence import MOST_ROWS
from migrator.engine.draft.proposal import Draft, ProposedPolymorphic, ProposedReference, ProposedRoot

_PLAIN = re.compile(r"[^\W\d][\w.]*")
# texts that some reader of YAML takes for something else
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_HEAD = """\
# Proposed by `migrator scope --draft` from the schema of a {platform} database of {tables} tables and the first
# {rows} rows of each. Nothing here is decided: what says `guessed` is an open question to `migrator scope`,
# and no snapshot is taken, until a person deletes `guessed` where it is true, and the entry where it is not.
# Comments name other tenants too: delete them before you hand the plan on.
plan: {plan}
tenant: {tenant}
source:
  url: {address}
  scope:
"""


def written(draft: Draft, address: str = "${SOURCE_URL}") -> str:
    """The plan, to be read by `migrator scope` once the tenant is named."""
    head = _HEAD.format(
        address=address,
        platform=draft.platform,
        tables=draft.tables,
        rows=f"{MOST_ROWS:,}".replace(",", " "),
        plan=_plan(draft.tenant),
        tenant=_value(draft.tenant) if draft.tenant else " # whose data it is, as archives and reports name them",
    )
    parts = (_root(draft), _references(draft), _shared(draft), _owned(draft), _unclassified(draft), _notes(draft))
    return head + "".join(f"    {line}\n" if line else "\n" for part in parts for line in part)


def _plan(tenant: str) -> str:
    plain = unicodedata.normalize("NFKD", tenant).encode("ascii", "ignore").decode().lower()
    named = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50]
    return f"{named}-exit" if named else "draft"


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────
def _root(draft: Draft) -> Iterator[str]:
    yield from _comments(
        "Who the tenant is: a row of a table the others lead to …",
        (f"{one.table}.{one.column}: {one.guessed}: {'; '.join(one.examples)}" for one in draft.tenant_tables),
    )
    yield from _comments(
        "… or a column that several tables have:",
        (f"{one.column}: {one.guessed}: {', '.join(one.examples)}" for one in draft.tenant_columns),
    )
    if draft.root is None:
        yield "root:  # nothing looks like tenants: write {table: …, where: {…}}, {column: …, value: …} or database"
        return
    unnamed = "" if draft.root.value is not None else "  # which of them is to be named here"
    yield f"root: {_root_entry(draft.root)}{unnamed}"


def _root_entry(root: ProposedRoot) -> str:
    value = "" if root.value is None else _value(root.value)
    if root.table is None:
        return _entry(column=_value(root.column), value=value, guessed=root.guessed)
    return _entry(table=_value(root.table), where=f"{{{_value(root.column)}: {value}}}", guessed=root.guessed)


def _references(draft: Draft) -> Iterator[str]:
    if not draft.references and not draft.polymorphic:
        return
    yield ""
    yield "references:"
    for one in draft.references:
        yield f"  - {_reference(one)}"
        yield from (f"    # or {_line(other)}" for other in one.others)
    for typed in draft.polymorphic:
        yield f"  - {_polymorphic(typed)}"
        if typed.unknown:
            yield f"    # these name no table: {_line(', '.join(typed.unknown))}"


def _reference(one: ProposedReference) -> str:
    targets = [_value(f"{one.parent}.{column}") for column in one.parent_columns]
    if len(one.columns) == 1:
        return _entry(table=_value(one.table), column=_value(one.columns[0]), to=targets[0], guessed=one.guessed)
    return _entry(
        table=_value(one.table), columns=_list(one.columns), to=f"[{', '.join(targets)}]", guessed=one.guessed
    )


def _polymorphic(one: ProposedPolymorphic) -> str:
    types = ", ".join(f"{_value(meant.value)}: {_value(meant.parent)}" for meant in one.types)
    return _entry(
        table=_value(one.table),
        column=_value(one.column),
        type_column=_value(one.type_column),
        types=f"{{{types}}}",
        guessed=one.guessed,
    )


def _shared(draft: Draft) -> Iterator[str]:
    if draft.shared:
        yield ""
        yield "shared:"
    for one in draft.shared:
        yield f"  {_value(one.table)}: {_entry(rows='referenced', guessed=one.guessed)}"


def _owned(draft: Draft) -> Iterator[str]:
    said = (f"{name}: {paths}" if paths else name for name, paths in draft.owned.items())
    yield from _comments("The tenant's, by what the source declares and what is proposed above:", said, apart=True)


def _unclassified(draft: Draft) -> Iterator[str]:
    said = (f"{one.table}: {one.seen}" for one in draft.unclassified)
    yield from _comments(
        "Nothing leads from these to the tenant: each is shared, or excluded with a reason, or lacks one:",
        said,
        apart=True,
    )


def _notes(draft: Draft) -> Iterator[str]:
    yield from _comments("Seen beside:", draft.notes, apart=True)


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────
def _comments(title: str, lines: Iterable[str], *, apart: bool = False) -> Iterator[str]:
    for number, line in enumerate(lines):
        if not number:
            yield from ("",) if apart else ()
            yield f"# {title}"
        yield f"#   {_line(line)}"


def _entry(*, guessed: str, **fields: str) -> str:
    said = [f"{name}: {text}" for name, text in fields.items()]
    return f"{{{', '.join([*said, *([f'guessed: {_quoted(guessed)}'] if guessed else [])])}}}"


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_value, values))}]"


def _value(value: str | int) -> str:
    """As YAML reads it back, in flow too; plain where nobody could take it for anything else."""
    if isinstance(value, int):
        return str(value)
    return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else _quoted(value)


def _quoted(text: str) -> str:
    quoted: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=1 << 30)
    return quoted.strip()


def _line(text: str) -> str:
    """One line of a comment, whatever a source's names and values hold."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
