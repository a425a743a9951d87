"""Tables with corruptions of every kind, and the answer key: of which kind, in what table, at what key and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from tests.oracles.damage import DAMAGES, Damage, said
from tests.random.moved import as_it_is
from tests.random.shape import Field, Native, Reference, Row, Sense, Shape

WRONG, SOUND, COLUMNS = 20, 5, 3
"""Rows of a table that are damaged, rows that are not, damaged columns: twenty rows of a table are told one by one."""
_KEYED_ANEW = 1000  # what the mapping adds to the keys of the parents
_NUMBERS, _WRONG = range(1, WRONG + SOUND + 1), range(1, WRONG + 1)

Place = tuple[str, str, str]
"""Table, key and column. Without a column the row is gone; without a key its values stand for it."""
Change = Callable[[list[Row]], list[Row]]
"""What becomes of a table's rows, in the order of their first column."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One table, called like what is wrong with it: what is loaded, what becomes of that afterwards, and where."""

    shape: Shape
    rows: Sequence[Row]
    damaged: Change
    places: frozenset[Place]


def planted(kind: str, platform: ModuleType) -> tuple[Planted, ...]:
    """All that this platform can hold; parents before their children."""
    cells = (_cells(one, one.declared[kind], platform) for one in DAMAGES if kind in one.declared)
    return (*cells, *_keyed(platform), *_keyless(platform), *_family(platform))


def mapping(tables: Sequence[Planted]) -> str:
    """Everything as it is, but for the parents' keys."""
    family = {one.shape.name for one in tables if one.shape.references} | {_PARENTS}
    plain = as_it_is([one.shape for one in tables if one.shape.name not in family])
    children = "".join(_MAPPED_CHILD.format(name) for name in sorted(family - {_PARENTS}))
    return f"{plain}\n{_MAPPED_PARENTS}{children}keys: {{parents: {{method: offset, by: {_KEYED_ANEW}}}}}\n"


_PARENTS = "parents"
_MAPPED_PARENTS = (
    "  parents: {edges: [{from: parents, columns: {id: {from: id, steps: [{remap: parents}]}, c0: c0}}]}\n"
)
_MAPPED_CHILD = (
    "  {0}: {{edges: [{{from: {0}, columns: {{id: id, parent: {{from: parent, steps: [{{remap: parents}}]}}}}}}]}}\n"
)


# ── cells ───────────────────────────────────────────────────────────────────────────────────────────────────
def _cells(damage: Damage, declared: str, platform: ModuleType) -> Planted:
    """Every cell of a damaged row but its key."""
    native = Native(declared=declared, sense=Sense.OWN, values=platform.TEXT.values)
    shape = _shape(damage.name, platform, [native] * COLUMNS)
    before, after = ([_row(number, damage, side, platform) for number in _NUMBERS] for side in (0, 1))
    return Planted(
        shape=shape, rows=before, damaged=lambda _: after[:WRONG] + before[WRONG:], places=_every_cell(shape)
    )


def _row(number: int, damage: Damage, side: int, platform: ModuleType) -> Row:
    pairs = (damage.pair(number * COLUMNS + column) for column in range(COLUMNS))
    return (platform.number(number), *(said(pair[side], platform) for pair in pairs))


def _shape(name: str, platform: ModuleType, natives: Iterable[Native]) -> Shape:
    fields = (Field(name=f"c{column}", native=native) for column, native in enumerate(natives))
    return Shape(name=name, fields=(Field(name="id", native=platform.WHOLE), *fields), key=("id",))


def _every_cell(shape: Shape) -> frozenset[Place]:
    return frozenset((shape.name, str(number), name) for number in _WRONG for name in shape.names if name != "id")


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────
def _keyed(platform: ModuleType) -> Iterator[Planted]:
    """Rows that a key tells apart: exchanged, so that every sum is as it was; lost; and called otherwise."""
    changes: dict[str, Change] = {
        "swapped rows": _with_exchanged(1),
        "lost row": lambda there: there[WRONG:],
        "another key": lambda there: (
            [(platform.number(500 + n), *row[1:]) for n, row in enumerate(there[:WRONG])] + there[WRONG:]
        ),
    }
    for name, damaged in changes.items():
        shape = _shape(name, platform, [platform.LONG] * COLUMNS)
        rows = [(platform.number(n), *(f"{column} of {n}" for column in range(COLUMNS))) for n in _NUMBERS]
        gone = frozenset((name, str(number), "") for number in _WRONG)
        places = _every_cell(shape) if name == "swapped rows" else gone
        yield Planted(shape=shape, rows=rows, damaged=damaged, places=places)


def _with_exchanged(place: int) -> Change:
    """Two rows after each other exchange everything from that column on."""

    def exchanged(there: list[Row]) -> list[Row]:
        wrong = ((*there[n][:place], *there[n ^ 1][place:]) for n in range(WRONG))
        return [*wrong, *there[WRONG:]]

    return exchanged


def _keyless(platform: ModuleType) -> Iterator[Planted]:
    """Rows that stand there twice, and that no key tells apart."""
    changes: dict[str, Change] = {
        "lost duplicate": lambda there: there[0 : 2 * WRONG : 2] + there[2 * WRONG :],
        "both lost": lambda there: there[2 * WRONG :],
        "traded duplicate": lambda there: there[0 : 2 * WRONG : 2] + there[2 * WRONG :] + there[-1:] * WRONG,
        "duplicate changed": lambda there: [
            (*row[:1], f"{row[1]} ") if n % 2 and n < 2 * WRONG else row for n, row in enumerate(there)
        ],
    }
    fields = (Field(name="number", native=platform.WHOLE), Field(name="text", native=platform.LONG))
    for name, damaged in changes.items():
        yield Planted(
            shape=Shape(name=name, fields=fields),
            rows=[(platform.number(n), f"twice {n}") for n in _NUMBERS for _ in range(2)],
            damaged=damaged,
            places=frozenset((name, f"number={n}, text=twice {n}", "") for n in _WRONG),
        )


def _family(platform: ModuleType) -> Iterator[Planted]:
    """Children that come to other parents: every reference leads somewhere still."""
    parents = _shape(_PARENTS, platform, [platform.LONG])
    rows = [(platform.number(n), f"parent {n}") for n in _NUMBERS]
    yield Planted(shape=parents, rows=rows, damaged=list, places=frozenset())
    last = platform.number(_KEYED_ANEW + WRONG + SOUND)
    changes: dict[str, Change] = {
        "swapped_parents": _with_exchanged(1),
        "another_parent": lambda there: [(row[0], last) for row in there[:WRONG]] + there[WRONG:],
    }
    reference = Reference(column="parent", parent=_PARENTS, parent_column="id")
    fields = (Field(name="id", native=platform.WHOLE), Field(name="parent", native=platform.WHOLE))
    for name, damaged in changes.items():
        shape = Shape(name=name, fields=fields, key=("id",), references=(reference,))
        rows = [(platform.number(n), platform.number(n)) for n in _NUMBERS]
        yield Planted(shape=shape, rows=rows, damaged=damaged, places=_every_cell(shape))
