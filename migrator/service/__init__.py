"""Everything this software does for a person or a program, behind one door: the command line and the API call this."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.service.contents import Contents
from migrator.service.drafting import Drafting
from migrator.service.following import Following
from migrator.service.loading import Finished, Reported
from migrator.service.looking import Looking
from migrator.service.prospects import Prospects
from migrator.service.retention import Keeping
from migrator.service.watching import Watching
from migrator.service.working import Working

__all__ = ["Finished", "Reported", "Service"]


@dataclass(frozen=True, kw_only=True)
class Service(Looking, Drafting, Contents, Prospects, Working, Keeping, Following, Watching):
    """The operations; nothing knows a driver."""
