"""A worker's log: each thing once, with the run it is about."""

from __future__ import annotations

from migrator.runs.liveness.worker_log import WorkerLog
from storage.errors import Fault, Misuse, Red

AWAY = Fault("connection refused", where="postgresql://h/catalog", next="look after its server")


def test_what_lasts_is_said_once_and_when_it_is_over() -> None:
    said: list[tuple[str, str, str]] = []
    log = WorkerLog(lambda run, tenant, words: said.append((run, tenant, words)))
    assert not log.reached()
    log.away(AWAY)
    log.away(Fault("broken pipe", where="postgresql://h/catalog", next="look after its server"))
    log.away(Misuse("the password is wrong", where="postgresql://h/catalog", next="check it"))
    assert log.reached()
    assert not log.reached()
    log.away(AWAY)
    told = [words.partition(" (")[0] for _, _, words in said]
    assert told == ["connection refused", "the password is wrong", "the catalog answers again", "connection refused"]
    assert {(run, tenant) for run, tenant, _ in said} == {("", "")}


def test_what_stopped_a_run_is_said_with_what_to_do_and_where_but_not_twice() -> None:
    said: list[tuple[str, str, str]] = []
    log = WorkerLog(lambda run, tenant, words: said.append((run, tenant, words)))
    log.about("r", "acme")
    log.stopped("r", Red("3 rows differ", where="persons", next="look at the report"))
    log.stopped("r", Fault("somebody else has it", where="r", next="migrator runs show r"))
    assert said == [
        ("r", "acme", "stopped: 3 rows differ (persons); look at the report"),
        ("r", "acme", "stopped: somebody else has it; migrator runs show r"),
    ]


def test_what_a_process_cannot_perform_it_leaves() -> None:
    log = WorkerLog(lambda *_: None)
    log.leave("newer")
    assert log.is_left("newer") and not log.is_left("other")
    log.leave("lacking", 0)
    assert log.was_left("lacking") and not log.is_left("lacking") and not log.was_left("other")
