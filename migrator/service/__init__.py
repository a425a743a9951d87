"""Everything this software does for a person or a program, behind one door: the command line and the API call this."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.service.archiving import Archiving
from migrator.service.following import Following
from migrator.service.housekeeping import Housekeeping
from migrator.service.loading import Finished
from migrator.service.looking import Looking

__all__ = ["Finished", "Service"]


@dataclass(frozen=True, kw_only=True)
class Service(Looking, Archiving, Housekeeping, Following):
    """The operations; nothing knows a driver."""
