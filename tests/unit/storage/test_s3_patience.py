from __future__ import annotations

from dataclasses import replace

import pytest

from storage.errors import TransientFault
from storage.s3.patience import FIRST, LATER, Patience


def test_a_server_that_has_answered_is_waited_for_and_one_that_never_did_is_not() -> None:
    """Seconds for a mistyped address, a minute for a gateway that restarts, and seconds again once it was given up."""
    slept: list[float] = []
    patience = Patience(replace(FIRST, sleep=slept.append), replace(LATER, sleep=slept.append))

    def waited() -> float:
        slept.clear()
        with pytest.raises(TransientFault):
            patience.repeat(lambda _attempt: _down())
        return sum(slept)

    never = waited()
    assert patience.repeat(lambda attempt: attempt) == 0
    once, afterwards = waited(), waited()
    assert never == afterwards < 5
    assert 50 < once < 120


def _down() -> None:
    raise TransientFault("nobody there")
