"""A bucket as a store where it gets hard: large objects, many writers, servers and processes killed half-way."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.credentials import Accounts
from storage.errors import AlreadyExists, Fault
from storage.location import open_store
from storage.objects import read_bytes, write_bytes
from storage.retry import Retries
from storage.run_documents import RunDocuments, forget_documents, keep_documents, kept_runs
from storage.s3.address import S3Address
from storage.s3.once import NOTE, Once
from storage.s3.patience import Patience
from storage.s3.store import S3Store
from storage.s3.wire import Answer, Wire
from storage.seal import SigningKeys
from storage.sweep import QUIET, sweep
from tests.servers.bucket import Bucket
from tests.servers.ceph import Ceph

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
ID = "acme-20240101T000000Z-0123abcd"
CHILD = """
import resource, sys, time
from storage.credentials import Accounts
from storage.location import open_store

keys = {"AWS_ACCESS_KEY_ID": sys.argv[2], "AWS_SECRET_ACCESS_KEY": sys.argv[3]}
store = open_store(sys.argv[1], Accounts(variables=keys))
"""
WRITE_AND_READ = """
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with store.writer("first") as sink:
    sink.write(b"x")
before = peak()
with store.writer("large") as sink:
    for number in range(200):
        sink.write(bytes([number]) * (1 << 20))
with store.reader("large") as stream:
    while stream.read(1 << 20):
        pass
print(peak() - before)
"""
WRITE_FOR_EVER = """
with store.writer(sys.argv[4]) as sink:
    sink.write(b"x" * (40 << 20))
    print("half", flush=True)
    time.sleep(600)
"""


def child(script: str, bucket: Bucket, *arguments: str) -> subprocess.Popen[str]:
    keys = bucket.credentials.access_key, bucket.credentials.secret_key
    command = [sys.executable, "-c", CHILD + script, bucket.url("store"), *keys, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_a_large_object_passes_through_little_memory(bucket: Bucket) -> None:
    with child(WRITE_AND_READ, bucket) as process:
        grown, _ = process.communicate()
    assert process.returncode == 0
    assert int(grown) < 96 * 1024  # KiB, for 200 MiB written and read
    expected = hashlib.sha256(b"".join(bytes([number]) * MIB for number in range(200)))
    found = hashlib.sha256()
    with bucket.store("store").reader("large") as stream:
        while chunk := stream.read(MIB):
            found.update(chunk)
    assert found.digest() == expected.digest()


def test_an_object_is_invisible_until_it_is_whole(bucket: Bucket) -> None:
    store = bucket.store("store")
    with store.writer("a/b") as sink:
        sink.write(b"x" * 40 * MIB)
        assert (store.size("a/b"), list(store.list()), list(store.folders())) == (None, [], [])
        assert [found.folder for found in store.unfinished()] == ["a"]
    assert (store.size("a/b"), list(store.unfinished())) == (40 * MIB, [])


def test_what_fails_half_way_leaves_no_upload_behind(bucket: Bucket) -> None:
    store = bucket.store("store")
    with pytest.raises(ZeroDivisionError), store.writer("a/b") as sink:
        sink.write(b"x" * 40 * MIB)
        raise ZeroDivisionError
    assert (list(store.list()), list(store.unfinished())) == ([], [])


def test_more_objects_than_one_answer_holds_are_all_listed(bucket: Bucket) -> None:
    store, names = bucket.store("store"), [f"{number:04d}" for number in range(1_001)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: write_bytes(store, f"{name}/a", b""), names))
    assert [info.key for info in store.list()] == [f"{name}/a" for name in names]
    assert list(store.folders()) == names


def test_an_etag_is_no_hash_and_is_not_taken_for_one(bucket: Bucket) -> None:
    """Ceph gives a multipart object another ETag than the same bytes in one request; both are fine."""
    store = bucket.store()
    with store.writer("parts") as sink:
        sink.write(b"x" * 20 * MIB)
    assert read_bytes(store, "parts") == b"x" * 20 * MIB
    etag = bucket.client.stat_object(bucket.name, "parts").etag or ""
    assert etag != hashlib.md5(b"x" * 20 * MIB, usedforsecurity=False).hexdigest()


# ── written once ────────────────────────────────────────────────────────────────────────────────────────────
class DeafWire(Wire):
    """A server that never hears of a condition."""

    def send(self, method: str, key: str = "", *, headers: Mapping[str, str] | None = None, **given: object) -> Answer:
        return super().send(method, key, **given)  # type: ignore[arg-type]


def test_where_the_server_cannot_decide_it_is_looked_up_and_said(bucket: Bucket) -> None:
    once = Once(DeafWire(S3Address.parse(bucket.url()), bucket.credentials, Patience()))
    once.put("a", b"1")
    with pytest.raises(AlreadyExists):
        once.put("a", b"2")
    assert read_bytes(bucket.store(), "a") == b"1"
    assert once.notes() == (NOTE,)
    assert [info.key for info in bucket.store().list()] == ["a"]


def test_what_is_written_once_goes_in_one_request_and_is_not_large(bucket: Bucket) -> None:
    with pytest.raises(Fault, match="64 MiB at most"):
        write_bytes(bucket.store(), "a", bytes(65 * MIB), exclusive=True)
    assert list(bucket.store().list()) == []


# ── killed ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_server_killed_half_way_is_said_and_leaves_no_object(private_ceph: Ceph) -> None:
    bucket = private_ceph.bucket()
    address = S3Address.parse(bucket.url())
    store = S3Store(address, bucket.credentials, retries=Retries(attempts=2, pause=0))
    with (
        pytest.raises(Fault, match=r"cannot be reached|connection to the server was lost"),
        store.writer(f"{ID}/a") as sink,
    ):
        sink.write(b"x" * 40 * MIB)
        private_ceph.kill()
        sink.write(b"x" * 40 * MIB)
    private_ceph.restart()
    assert list(store.list()) == []
    (swept,) = sweep(store, before=datetime.now(UTC) + QUIET)
    assert (swept.archive_id, len(swept.unfinished), list(store.unfinished())) == (ID, 1, [])


def test_a_server_that_comes_back_in_time_costs_nothing(private_ceph: Ceph) -> None:
    bucket = private_ceph.bucket()
    restart = Retries(attempts=3, sleep=lambda _seconds: private_ceph.restart())
    store = S3Store(S3Address.parse(bucket.url()), bucket.credentials, retries=restart)
    content = b"".join(bytes([number]) * MIB for number in range(40))
    with store.writer("a") as sink:
        sink.write(content[: 20 * MIB])
        private_ceph.kill()
        sink.write(content[20 * MIB :])
    with store.reader("a") as stream:
        first = stream.read(5 * MIB)
        private_ceph.kill()
        rest = stream.read()
    assert first + rest == content


def test_what_a_killed_process_left_is_swept_when_it_is_old(bucket: Bucket) -> None:
    store = bucket.store("store")
    for key in (f"{ID}/data/large", "of-others/large"):
        with child(WRITE_FOR_EVER, bucket, key) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "half\n"
            process.send_signal(signal.SIGKILL)
    write_bytes(store, f"{ID}/data/small", b"1")
    assert sweep(store, before=datetime.now(UTC) - QUIET) == ()
    (swept,) = sweep(store, before=datetime.now(UTC) + QUIET)
    assert (swept.archive_id, len(swept.objects), len(swept.unfinished)) == (ID, 1, 1)
    assert list(store.list()) == []
    assert [left.folder for left in store.unfinished()] == ["of-others"]


def test_documents_of_runs_are_kept_replaced_and_forgotten_in_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    store, run = bucket.store("pre fix"), "20261122T152700-migration-0a1b"
    keys = SigningKeys.load_or_create(tmp_path / "keys")
    for content in (b"first", b"second"):
        (tmp_path / "run.json").write_bytes(content)
        keep_documents(store, run, tmp_path, ["run.json"], keys)
    assert list(kept_runs(store)) == [run]
    assert RunDocuments.open(store, run).read("run.json") == b"second"
    assert {info.key.split("/")[2] for info in store.list()} == {"000002"}
    forget_documents(open_store(store.url, Accounts(variables=bucket.environment)), run)
    assert list(store.list()) == []
