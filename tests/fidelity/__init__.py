"""What each database's types and values become in an archive: measured on its server, told in docs/fidelity.md."""
