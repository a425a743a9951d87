"""What every test may count on: a home of its own, and a word about what was not tested."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support_shop import SHOP_DATA

# suites, no test modules by name: pytest explains their assertions all the same, if told before anything imports them
pytest.register_assert_rewrite(
    "tests.conformance.models",
    "tests.conformance.rebuildings",
    "tests.conformance.sources",
    "tests.conformance.targets",
)
pytest_plugins = ["tests.servers.fixtures", "tests.servers.firebird", "tests.conformance.made"]

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_ABSENT = "../shared/data is absent"


# no test is about how quick a machine is; CI tries the same examples every time, people and soaks try new ones
settings.register_profile("unhurried", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the catalog, the keys or the variables of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIGRATOR_HOME", str(tmp_path_factory.mktemp("home")))
        for name in ("MIGRATOR_CATALOG", "MIGRATOR_SIGNING_KEY", "SOURCE_URL", "TARGET_URL", "STORE_URL", *_KEYS):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _interrupts() -> Iterator[None]:
    """What a shell's background job ignores, and nohup, every program that a test starts there would ignore, too."""
    ctrl_c = signal.signal(signal.SIGINT, signal.default_int_handler)
    hung_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, ctrl_c)
    signal.signal(signal.SIGHUP, hung_up)


@pytest.fixture(autouse=True)
def _complaints() -> Iterator[None]:
    """A run that is interrupted wants to hear no complaints of what it left half-read; the tests after it do."""
    before = sys.unraisablehook
    yield
    if sys.unraisablehook != before:
        gc.collect()  # its own are not theirs
        sys.unraisablehook = before


@pytest.fixture(scope="session")
def shop_data() -> Path:
    """The folder of the real shop; a test that needs it is skipped, and counted, where it is absent."""
    if not SHOP_DATA.is_dir():
        pytest.skip(_ABSENT)
    return SHOP_DATA


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A green run that left the real data out says so in its own line."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if _ABSENT in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"NOT TESTED on real data: {len(skipped)} test(s), {_ABSENT}", yellow=True)
