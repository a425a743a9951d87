from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import Misuse
from storage.seal import SigningKeys, verify


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _n: SigningKeys.load_or_create(tmp_path / "keys").fingerprint, range(8)))
    assert len(set(made)) == 1
    files = list((tmp_path / "keys").iterdir())
    assert sorted(file.name for file in files) == ["ed25519.key.pem", "p256.key.pem"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    SigningKeys.load_or_create(tmp_path)
    (tmp_path / "ed25519.key.pem").chmod(0o644)
    with pytest.raises(Misuse, match="others can read"):
        SigningKeys.load_or_create(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    SigningKeys.load_or_create(tmp_path)
    (tmp_path / "p256.key.pem").write_bytes((tmp_path / "ed25519.key.pem").read_bytes())
    with pytest.raises(Misuse, match="another kind"):
        SigningKeys.load_or_create(tmp_path)


def test_the_fingerprint_is_what_openssl_prints(tmp_path: Path) -> None:
    keys = SigningKeys.load_or_create(tmp_path)
    (tmp_path / "public.pem").write_bytes(keys.sign(b"")["ed25519.pem"])
    command = f"openssl pkey -pubin -in {tmp_path}/public.pem -outform DER | sha256sum"
    found = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert found.stdout.split()[0] == keys.fingerprint


def test_signatures_hold_for_these_bytes_and_these_keys_only(tmp_path: Path) -> None:
    ours, theirs = (SigningKeys.load_or_create(tmp_path / name) for name in ("ours", "theirs"))
    files = ours.sign(b"data")
    assert (verify(b"data", files).fingerprint, dict(verify(b"data", files).problems)) == (ours.fingerprint, {})
    assert set(verify(b"Data", files).problems) == {"tagmanifest.ed25519.sig", "tagmanifest.p256.sig"}
    mixed = {**files, "ed25519.pem": theirs.sign(b"data")["ed25519.pem"], "p256.pem": files["ed25519.pem"]}
    assert set(verify(b"data", mixed).problems) == {"tagmanifest.ed25519.sig", "p256.pem"}
    assert set(verify(b"data", {}).problems) >= set(files)


def test_looking_for_keys_makes_none(tmp_path: Path) -> None:
    assert SigningKeys.load(tmp_path / "keys") is None
    assert not (tmp_path / "keys").exists()
    made = SigningKeys.load_or_create(tmp_path / "keys")
    found = SigningKeys.load(tmp_path / "keys")
    assert found is not None and found.fingerprint == made.fingerprint
    (tmp_path / "keys" / "p256.key.pem").unlink()
    assert SigningKeys.load(tmp_path / "keys") is None
