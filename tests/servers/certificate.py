"""A certificate that is its own authority, as a private one is: clients are told of it, and nobody else knows it."""

from __future__ import annotations

from pathlib import Path

from tests.servers.process import LOOPBACK, program, run

AUTHORITY = "ca.pem"
KEY = "key.pem"


def certify(folder: Path) -> None:
    """Make `AUTHORITY` and its `KEY` in the folder, for a server on the loopback."""
    names = f"subjectAltName=IP:{LOOPBACK},DNS:localhost"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    options = ["-x509", *kind, "-subj", "/CN=localhost", "-addext", names]
    run([program("openssl"), "req", *options, "-keyout", KEY, "-out", AUTHORITY], folder)
