"""Runs: every long job is recorded from its first moment; a durable engine takes this seat without its callers moving."""
