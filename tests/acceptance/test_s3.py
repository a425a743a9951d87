"""The story with its archives in buckets: taken there, checked, copied, loaded from there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from storage.errors import Fault
from storage.objects import read_bytes, write_bytes
from tests.acceptance.world import World
from tests.servers.bucket import Bucket
from tests.servers.ceph import Ceph
from tests.servers.swift import Swift


@dataclass(frozen=True, kw_only=True)
class BucketWorld(World):
    """A world whose store is a prefix of a bucket."""

    bucket: Bucket

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.bucket.environment, "STORE_URL": self.bucket.url("archives")}


@pytest.fixture
def world(social: World, bucket: Bucket, tmp_path: Path) -> BucketWorld:
    copied = social.copied(tmp_path)
    return BucketWorld(folder=copied.folder, source=copied.source, target=copied.target, bucket=bucket)


def test_the_story_through_a_bucket(world: BucketWorld) -> None:
    taken = world.json("snapshot", world.plan)
    location = taken["archive"]
    assert location.startswith(f"s3://{world.bucket.name}/archives/vauclair-")
    assert location.endswith(f"?endpoint={world.bucket.endpoint}")
    assert taken["notes"] == []
    assert world.json("archive", "show", location)["archive"] == location
    assert world.json("archive", "check", location)["verdict"] == "green"
    migrated = world.json("migrate", world.plan)
    assert migrated["verdict"] == "green"
    assert world.json("verify", migrated["run"])["verdict"] == "green"
    assert world.json("rollback", migrated["run"])["verdict"] == "green"


def test_no_secret_is_left_anywhere(world: BucketWorld) -> None:
    answer = world.migrator("snapshot", world.plan, "--json")
    secret = world.bucket.credentials.secret_key
    assert secret not in answer.stdout + answer.stderr
    assert not [path for path in world.home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    store = world.bucket.store()
    assert not [info.key for info in store.list() if secret.encode() in read_bytes(store, info.key)]


def test_an_archive_is_copied_from_store_to_store_and_stays_what_it_is(world: BucketWorld, bucket: Bucket) -> None:
    location = world.json("snapshot", world.plan)["archive"]
    folder, back = world.folder / "copies", bucket.url("copies")
    first = world.json("archive", "copy", location, folder)
    second = world.json("archive", "copy", first["archive"], back)
    assert world.json("archive", "check", second["archive"])["verdict"] == "green"
    assert world.json("archive", "show", second["archive"])["tenant"] == "vauclair"
    assert {one["verdict"] for one in (first, second)} == {"green"}
    assert first["rows"] == second["rows"] > 0
    assert first["bytes"] == second["bytes"] > 0
    again = world.json("archive", "copy", location, back)
    assert (again["was_there"], again["archive"]) == (True, second["archive"])


def test_a_damaged_archive_is_not_copied(world: BucketWorld) -> None:
    location = world.json("snapshot", world.plan)["archive"]
    store = world.bucket.store("archives")
    damaged = next(info.key for info in store.list() if info.key.endswith(".csv"))
    write_bytes(store, damaged, read_bytes(store, damaged) + b"x")
    answer = world.json("archive", "copy", location, world.folder / "copies", code=3)
    assert "changed" in answer["error"]
    assert damaged in answer["where"]
    assert [path for path in (world.folder / "copies").rglob("*") if path.is_file()] == []


def test_an_archive_written_on_one_server_lives_on_another(
    world: BucketWorld, swift: Swift, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = world.json("snapshot", world.plan)["archive"]
    other = swift.bucket()
    store = f"{other.url()}&account=partner"  # two servers, two pairs of keys
    for name, value in other.environment.items():
        monkeypatch.setenv(f"{name}_PARTNER", value)
    there = world.json("archive", "copy", location, store)["archive"]
    assert there.endswith("&account=partner")
    assert world.json("archive", "check", there)["verdict"] == "green"
    refused = world.json("archive", "check", there.replace("partner", "nobody"), code=2)
    assert "AWS_ACCESS_KEY_ID_NOBODY" in refused["next"]


def test_keys_that_may_only_read_are_told_so_and_nothing_else_is_said(
    world: BucketWorld, ceph: Ceph, bucket: Bucket
) -> None:
    reader = {
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam:::user/stranger"]},
        "Action": ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket.name}", f"arn:aws:s3:::{bucket.name}/*"],
    }
    bucket.client.set_bucket_policy(bucket.name, json.dumps({"Version": "2012-10-17", "Statement": [reader]}))
    process = replace(world, bucket=replace(bucket, credentials=ceph.stranger)).start("snapshot", world.plan)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (1, "")
    told = [line for line in stderr.splitlines() if not line.startswith("…")]
    assert [line.split(":")[0].strip() for line in told] == ["error", "where", "next"]
    assert "permission denied" in told[0]


def test_temporary_keys_do_until_they_expire(world: BucketWorld, ceph: Ceph, bucket: Bucket) -> None:
    lasting = replace(world, bucket=ceph.lent(bucket, 900))
    location = lasting.json("snapshot", world.plan)["archive"]
    brief = replace(world, bucket=ceph.lent(bucket, 1))
    _wait_until_refused(brief.bucket)
    for arguments in (("snapshot", world.plan), ("archive", "check", location), ("migrate", world.plan)):
        assert "session token" in brief.json(*arguments, code=1)["error"]
    assert world.json("archive", "check", location)["verdict"] == "green"
    seen = [name for name in bucket.store("archives").folders() if name != "runs"]
    assert seen == [location.partition("?")[0].rpartition("/")[2]]


def test_keys_that_expire_during_an_upload(ceph: Ceph, bucket: Bucket) -> None:
    brief = ceph.lent(bucket, 1)
    with pytest.raises(Fault, match="session token"), brief.store().writer("a") as sink:
        sink.write(bytes(20 << 20))
        _wait_until_refused(brief)
    assert list(bucket.store().list()) == []


def _wait_until_refused(bucket: Bucket) -> None:
    with pytest.raises(Fault):
        for _ in range(10_000):  # a token lives for a second
            bucket.store().size("a")


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        (lambda url: url.replace("s3://bucket", "s3://no-bucket"), 2, "no such bucket"),
        (lambda url: url.replace("endpoint", "endpont"), 2, "has no 'endpont'"),
        (lambda url: url.replace("http://", "https://"), 1, "no secure connection"),
    ],
)
def test_a_store_that_is_not_there_is_said(
    world: BucketWorld, change: Callable[[str], str], code: int, error: str
) -> None:
    world.plan.write_text(world.plan.read_text().replace("${STORE_URL}", change(world.environment["STORE_URL"])))
    assert error in world.json("snapshot", world.plan, code=code)["error"]
