"""A scope drafted: what the schema and the data of a source suggest, and what speaks for it."""

from migrator.engine.draft.drafting import draft
from migrator.engine.draft.proposal import Draft
from migrator.engine.draft.written import written

__all__ = ["Draft", "draft", "written"]
