"""The hops of a migration, in order: scope, snapshot, check, load, verify, revert. No driver, no HTTP, no framework."""
