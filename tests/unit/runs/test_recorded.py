"""What becomes of a run that does not come to its end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from migrator.runs.catalog import Catalog
from migrator.runs.interrupts import watched
from migrator.runs.recorded import recorded
from storage.errors import Fault, MigratorError, Misuse, Parked, Red


@pytest.mark.parametrize(
    ("raised", "took_effect", "told", "state"),
    [
        (Fault("the disk is full"), False, Fault, "failed"),
        (Red("unequal"), False, Red, "done"),
        # after a commit every fault says first that the target has changed
        (Fault("the disk is full"), True, Fault, "failed"),
        # two people roll back at once: the second is refused before anything is done, whatever the first has done
        (Misuse("this target holds no such load"), True, Misuse, "failed"),
    ],
)
def test_the_error_that_is_told(
    tmp_path: Path, raised: MigratorError, took_effect: bool, told: type[MigratorError], state: str
) -> None:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    record = catalog.start(kind="rollback", plan="p", tenant="t")
    with pytest.raises(told) as error, recorded(catalog, record, took_effect=lambda: took_effect):
        raise raised
    assert ("was committed" in error.value.what) is (took_effect and told is Fault)
    assert catalog.run(record.run_id).state == state
    catalog.close()


@pytest.mark.parametrize(("raised", "code"), [(Fault("the connection was lost"), 1), (KeyboardInterrupt(), 130)])
def test_who_cannot_ask_the_target_is_not_told_that_nothing_happened(
    tmp_path: Path, raised: BaseException, code: int
) -> None:
    def lost() -> bool:
        raise Fault("the server cannot be reached")

    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    record = catalog.start(kind="migration", plan="p", tenant="t")
    told = pytest.raises(MigratorError, match="the target does not answer")
    with told as error, recorded(catalog, record, took_effect=lost):
        raise raised
    assert error.value.exit_code == code
    assert str(raised) in error.value.what
    assert f"migrator verify {record.run_id}" in error.value.next
    catalog.close()


STOP = pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda by: by.name)


@STOP
def test_who_asks_to_stop_while_a_run_is_recorded_parks_it(tmp_path: Path, by: signal.Signals) -> None:
    """It was left as running by a process that was gone: a worker went on with what somebody had just stopped."""
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    with watched(is_held=True):
        record = catalog.start(kind="migration", plan="p", tenant="t")
        signal.raise_signal(by)
        with pytest.raises(Parked), recorded(catalog, record):
            raise AssertionError("it has begun")
        signal.raise_signal(by)  # somebody is impatient, with nothing left to stop
    assert catalog.run(record.run_id).state == "parked"
    catalog.close()


@STOP
def test_who_asks_twice_is_not_kept_waiting(by: signal.Signals) -> None:
    with watched() as around:
        with pytest.raises(KeyboardInterrupt), watched(is_held=True):
            signal.raise_signal(by)
            signal.raise_signal(by)
        assert around.seen


def test_who_wants_a_command_to_outlive_its_terminal_is_obeyed() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with watched() as interrupts:
            signal.raise_signal(signal.SIGHUP)
        assert not interrupts.seen
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
