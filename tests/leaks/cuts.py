"""Proofs cut short: each leaves one of its questions out, and no other may ask the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrator.engine.edges import EdgeProof, Edges
from migrator.engine.proof import Prover
from migrator.engine.walk import Walk


def _silent(patch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        patch.setattr(Prover, name, lambda _self, *_: ())


def strangers(patch: pytest.MonkeyPatch) -> None:
    """Who is archived and leads to nobody."""
    _silent(patch, "_strangers")


def of_others(patch: pytest.MonkeyPatch) -> None:
    """Whom shared rows name."""
    _silent(patch, "_of_others")


def talkative(patch: pytest.MonkeyPatch) -> None:
    """What rows say of which the key alone should leave."""
    _silent(patch, "_talkative")


def left_behind(patch: pytest.MonkeyPatch) -> None:
    """Whether the source has what archived rows point at, and the archive has not."""
    _silent(patch, "_left_behind")


def sums(patch: pytest.MonkeyPatch) -> None:
    """Which rows the source has along an edge, and not only how many."""
    right = Edges._compared

    def mistaken(self: Edges, *said: Any, **more: Any) -> EdgeProof:
        found = right(self, *said, **more)
        return replace(found, source_sum=found.archive_sum)

    patch.setattr(Edges, "_compared", mistaken)


def edges(patch: pytest.MonkeyPatch) -> None:
    """Anything along the edges."""
    _silent(patch, "_incomplete")


def upwards(patch: pytest.MonkeyPatch) -> None:
    """What comes along."""
    patch.setattr(Edges, "_upwards", lambda _self, _reading: ())


def guests_of_guests(patch: pytest.MonkeyPatch) -> None:
    """Who brought whom: rows of others, too, invite each other."""
    right = Walk._start

    def mistaken(self: Walk, name: str) -> None:
        right(self, name)
        invited = any(reference.parent == name for reference in self._bringing())
        if invited:
            self._workbench.execute(f'UPDATE arch."{name}" SET migrator_guest = 0 WHERE migrator_walk IS NULL')

    patch.setattr(Walk, "_start", mistaken)
