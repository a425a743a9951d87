"""The plan: one YAML file that names source, tenant, scope, store, mapping and target of a migration."""

from migrator.plan.nouns import (
    AttachmentRule,
    ColumnRoot,
    DatabaseRoot,
    DeclaredReference,
    FileRule,
    Guess,
    Plan,
    Root,
    SchemaRoot,
    ScopeRules,
    SeveralRoots,
    SourcePlan,
    SubjectRules,
    TableRoot,
    TargetPlan,
    root_rows,
)
from migrator.plan.reading import load_plan, read_plan
from migrator.plan.retention import Retention

__all__ = [
    "AttachmentRule",
    "ColumnRoot",
    "DatabaseRoot",
    "DeclaredReference",
    "FileRule",
    "Guess",
    "Plan",
    "Retention",
    "Root",
    "SchemaRoot",
    "ScopeRules",
    "SeveralRoots",
    "SourcePlan",
    "SubjectRules",
    "TableRoot",
    "TargetPlan",
    "load_plan",
    "read_plan",
    "root_rows",
]
