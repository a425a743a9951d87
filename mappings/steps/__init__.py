"""The steps of the mapping language, one a file; this list is the registry."""

from __future__ import annotations

from mappings.steps.cast import Cast
from mappings.steps.concat import Concat
from mappings.steps.const import Const
from mappings.steps.hash import Hash
from mappings.steps.join import Join
from mappings.steps.lookup import Lookup
from mappings.steps.relink import Relink
from mappings.steps.remap import Remap
from mappings.steps.rename import Rename
from mappings.steps.split import Split
from mappings.steps.sql import Sql
from mappings.steps.step import Step

__all__ = ["STEPS", "Const", "Relink", "Remap", "Rename", "Sql", "Step"]

STEPS: tuple[type[Step], ...] = (Rename, Cast, Const, Lookup, Split, Join, Concat, Remap, Relink, Hash, Sql)
"""Every step there is; `Rename`, `Const` and `Sql` are written as a column's own form, the others inside `steps:`."""
