"""Every way in which rows are marked, held or shown, beside those that all worlds are drawn of."""

from __future__ import annotations

from tests.leaks.ways import alike, computed, cycles, partitions, policies, roots, schemas, typed, views
from tests.leaks.ways.way import Way

_POSTGRES = ("postgresql",)
_SPELLED = (alike.led_to_us, alike.led_away, alike.marked)

WAYS: tuple[Way, ...] = (
    Way(name="roots of two tables", clean=roots.clean, leaks=(roots.unnamed, roots.foreign, roots.between)),
    Way(
        name="a schema each",
        clean=schemas.clean,
        leaks=(schemas.leading_out, schemas.leading_in, schemas.unnamed, schemas.heir, schemas.seen_together),
        kinds=_POSTGRES,
    ),
    Way(name="views", clean=views.clean, leaks=(views.widening, views.renaming, views.unled)),
    Way(name="cycles", clean=cycles.clean, leaks=(cycles.crossed, cycles.island)),
    Way(name="documents", clean=computed.clean, leaks=(computed.naming_another, computed.naming_us, computed.unnamed)),
    Way(name="ids in text columns", clean=typed.clean, leaks=(typed.otherwise,)),
    Way(name="ids in any case", clean=alike.in_another_case, leaks=_SPELLED, kinds=("postgresql", "sqlite")),
    Way(name="ids with any accents", clean=alike.with_accents, leaks=_SPELLED, kinds=("mysql",)),
    Way(
        name="partitions",
        clean=partitions.clean,
        leaks=(partitions.led_by_parts, partitions.detached),
        kinds=_POSTGRES,
    ),
    Way(name="policies", clean=policies.clean, leaks=(policies.hiding,), kinds=_POSTGRES),
)
