"""Runs: every long job is recorded from its first moment; a durable engine can take this seat with no caller moving."""
