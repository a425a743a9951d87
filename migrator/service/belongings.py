"""What a server keeps beside runs and archives, table by table: what a copy of it has, too.

Sessions, links and failed logins stay behind, and so does what answers a repeated request: all are over in a day.
"""

from __future__ import annotations

from migrator.access import models as access
from migrator.notices import models as notices
from migrator.registry import models as registry
from migrator.runs.models import Base, RunChange

BELONGINGS: tuple[type[Base], ...] = (
    RunChange,
    access.Account,
    access.AccountGrant,
    access.Token,
    access.TokenGrant,
    access.Approval,
    access.AuditEntry,
    registry.Tenant,
    registry.Platform,
    registry.PlatformTenant,
    registry.Document,
    notices.Subscription,
    notices.Delivery,
)
"""Who refers to another comes after it."""
