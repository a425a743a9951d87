"""What sessions found adds up, and what broke is told with its seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.kills.figures import Figure, Figures, tables

KEPT = Figure(
    seed="7 sqlite-mariadb 1",
    pair="sqlite-mariadb",
    phase="merge",
    strike="SIGTERM",
    is_served=True,
    rows=300,
    code=130,
    more=1,
    seconds=4.2,
)
BROKEN = replace(KEPT, seed="8 sqlite-mariadb 2", code=None, more=None, broken='it said "no", twice')


def test_sessions_add_up(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    for session in (KEPT, BROKEN):
        Figures(path=path).add(session)
    found = Figures(path=path)
    assert list(found.read()) == [KEPT, BROKEN]
    assert (found.of_pair("sqlite-mariadb"), found.of_pair("mariadb-sqlite")) == (2, 0)
    told = list(tables(found))
    assert "| sqlite-mariadb | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 2 | 1 |" in told
    assert "| SIGTERM | 2 | 0 | 1 | 1 | 1 |" in told
    assert told[-1] == '- `8 sqlite-mariadb 2` merge, SIGTERM: it said "no", twice'
