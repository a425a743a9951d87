"""A scope explained to whoever has to answer for it: every path, every share, and what no rule of the plan mentions."""

from migrator.engine.explain.explaining import explain
from migrator.engine.explain.explanation import Explanation, Held, TableExplained, Way

__all__ = ["Explanation", "Held", "TableExplained", "Way", "explain"]
