"""Durable runs: which steps of a run are finished for good, kept by DBOS. Nothing outside this package knows that.

Importing it is slow: only commands that perform something do.
"""

from migrator.runs.durable.engine import Durable, durable
from migrator.runs.durable.steps import DurableSteps

__all__ = ["Durable", "DurableSteps", "durable"]
