"""Every way an archive is damaged or forged, found by its own shell script and by the Python check alike."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from storage.bag import render_manifest
from storage.check import check_archive
from storage.errors import Misuse
from storage.local import LocalStore
from storage.schema import Attachment, Column, Kind, Table, Type
from storage.seal import SigningKeys
from tests.support_archive import INTEGER, clients, rows_of, signing_keys, write_archive

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@dataclass(frozen=True, kw_only=True)
class Place:
    store: LocalStore
    archive_id: str
    fingerprint: str

    @property
    def folder(self) -> Path:
        return self.store.root / self.archive_id

    def script(self, *arguments: str) -> tuple[int, list[str]]:
        command = ["sh", str(self.folder / "check-archive.sh"), *arguments]
        found = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        assert found.stderr == ""
        return found.returncode, found.stdout.splitlines()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Place:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    files = Table(
        name="documents",
        columns=(
            Column(name="id", type=INTEGER),
            Column(name="content", type=Type(kind=Kind.BINARY), attachment=Attachment()),
        ),
    )
    sealed = write_archive(store, clients(), (files, rows_of(files, (1, b"one"), (2, b"two"))))
    return Place(store=store, archive_id=sealed.archive_id, fingerprint=sealed.fingerprint)


@pytest.fixture
def place(original: Place, tmp_path: Path) -> Place:
    shutil.copytree(original.folder, tmp_path / original.archive_id)
    store = LocalStore(tmp_path)
    return Place(store=store, archive_id=original.archive_id, fingerprint=original.fingerprint)


def test_an_untouched_archive_is_green(place: Place) -> None:
    code, lines = place.script("--key", place.fingerprint.upper())
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith("GREEN") and place.fingerprint in lines[0]
    result = check_archive(place.store, place.archive_id, key=place.fingerprint.upper())
    assert (result.problems, result.origin_checked) == ((), True)


def test_without_a_key_the_origin_is_not_checked_and_it_says_so(place: Place) -> None:
    code, lines = place.script()
    assert code == 0
    assert "integrity only, origin not checked" in lines[-1]
    assert check_archive(place.store, place.archive_id).origin_checked is False


def change_csv(folder: Path) -> str:
    path = next((folder / "data/csv").glob("clients*.csv"))
    content = bytearray(path.read_bytes())
    content[-4] ^= 1
    path.write_bytes(content)
    return path.name


def change_file(folder: Path) -> str:
    path = next((folder / "data/files").glob("*/*"))
    path.write_bytes(b"eno")
    return path.name


def change_readme(folder: Path) -> str:
    (folder / "README.txt").write_text("trust me")
    return "README.txt"


def change_script(folder: Path) -> str:
    with (folder / "check-archive.sh").open("a") as file:
        file.write("# harmless\n")
    return "check-archive.sh"


def remove_parquet(folder: Path) -> str:
    path = next((folder / "data/parquet").glob("*/*.parquet"))
    path.unlink()
    return path.parent.name


def remove_tag(folder: Path) -> str:
    (folder / "bag-info.txt").unlink()
    return "bag-info.txt"


def remove_tag_manifest(folder: Path) -> str:
    (folder / "tagmanifest-sha256.txt").unlink()
    return "tagmanifest-sha256.txt"


def remove_signature(folder: Path) -> str:
    (folder / "signatures/tagmanifest.ed25519.sig").unlink()
    return "signatures/tagmanifest.ed25519.sig"


def add_payload(folder: Path) -> str:
    (folder / "data/csv/users.csv").write_text("id\n1\n")
    return "data/csv/users.csv"


def add_tag(folder: Path) -> str:
    (folder / "NOTICE.txt").write_text("pay here")
    return "NOTICE.txt"


def add_beside_signatures(folder: Path) -> str:
    (folder / "signatures/evil.pem").write_text("x")
    return "signatures/evil.pem"


def add_hidden(folder: Path) -> str:
    (folder / ".hidden").write_text("x")
    return ".hidden"


def add_with_a_name_of_two_lines(folder: Path) -> str:
    (folder / "bagit.txt\n.").mkdir()
    (folder / "bagit.txt\n./bagit.txt").write_text("x")
    return "bagit.txt"


def rename(folder: Path) -> str:
    (folder / "data/csv/documents.csv").rename(folder / "data/csv/letters.csv")
    return "data/csv/letters.csv"


def recompute(folder: Path, manifest: str) -> None:
    paths = [line.split("  ")[1] for line in (folder / manifest).read_text().splitlines()]
    hashes = {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in paths}
    (folder / manifest).write_bytes(render_manifest(hashes))


def sign(folder: Path, keys: SigningKeys) -> None:
    for name, content in keys.sign((folder / "tagmanifest-sha256.txt").read_bytes()).items():
        (folder / "signatures" / name).write_bytes(content)


def swap_manifest(folder: Path) -> str:
    """A changed payload with a manifest that agrees with it."""
    change_csv(folder)
    recompute(folder, "manifest-sha256.txt")
    return "manifest-sha256.txt"


def swap_both_manifests(folder: Path) -> str:
    swap_manifest(folder)
    recompute(folder, "tagmanifest-sha256.txt")
    return "signature"


def link_outside(folder: Path) -> str:
    path = folder / "data/csv/documents.csv"
    copy = folder.parent / "copy.csv"
    path.rename(copy)
    path.symlink_to(copy)
    return "data/csv/documents.csv"


def link_a_folder(folder: Path) -> str:
    (folder / "data/more").symlink_to(folder.parent)
    return "data/more"


@pytest.mark.parametrize(
    "damage",
    [
        change_csv,
        change_file,
        change_readme,
        change_script,
        remove_parquet,
        remove_tag,
        remove_tag_manifest,
        remove_signature,
        add_payload,
        add_tag,
        add_beside_signatures,
        add_hidden,
        add_with_a_name_of_two_lines,
        rename,
        swap_manifest,
        swap_both_manifests,
        link_outside,
        link_a_folder,
    ],
    ids=lambda damage: damage.__name__,
)
def test_damage_is_found_by_both(place: Place, damage: Callable[[Path], str]) -> None:
    named = damage(place.folder)
    code, lines = place.script()
    assert code == 1
    assert any(named in line for line in lines[:-1]), lines
    assert lines[-1].startswith("RED")
    problems = check_archive(place.store, place.archive_id).problems
    assert any(named in f"{problem.where} {problem.what}" for problem in problems), problems


def test_an_archive_signed_again_by_somebody_else_is_found_with_the_key_only(place: Place, tmp_path: Path) -> None:
    swap_both_manifests(place.folder)
    forger = SigningKeys.load_or_create(tmp_path / "forger")
    sign(place.folder, forger)
    assert place.script()[0] == 0
    code, lines = place.script("--key", place.fingerprint)
    assert code == 1
    assert lines[0] == f"wrong key: signed by {forger.fingerprint}, not by {place.fingerprint}"
    [wrong, *_] = check_archive(place.store, place.archive_id, key=place.fingerprint).problems
    assert wrong.what == lines[0]


def test_python_finds_a_descriptor_its_signer_got_wrong(place: Place) -> None:
    """Rows a signer's software miscounted: no hash is wrong, so only re-reading the rows can tell."""
    path = place.folder / "data/datapackage.json"
    path.write_text(path.read_text().replace('"rows": 2,', '"rows": 3,'))
    recompute(place.folder, "manifest-sha256.txt")
    recompute(place.folder, "tagmanifest-sha256.txt")
    sign(place.folder, signing_keys())
    assert place.script()[0] == 0
    findings = {(problem.where, problem.what) for problem in check_archive(place.store, place.archive_id).problems}
    assert {
        (table, f"the {form} has 2 rows, the descriptor says 3")
        for table in ("documents", "_files")
        for form in ("CSV master", "Parquet twin")
    } == findings


def test_an_old_openssl_checks_integrity_and_never_claims_the_origin(place: Place, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "openssl"
    old.parent.mkdir()
    old.write_text(
        '#!/bin/sh\ncase $1 in version) echo "OpenSSL 1.1.1w  11 Sep 2023" ;; pkeyutl) exit 1 ;; '
        f'*) exec {shutil.which("openssl")} "$@" ;; esac\n'
    )
    old.chmod(0o755)
    environment = {"PATH": f"{old.parent}:{os.environ['PATH']}"}
    script = ["sh", str(place.folder / "check-archive.sh")]
    found = subprocess.run(script, capture_output=True, text=True, check=False, env=environment)
    assert (found.returncode, found.stdout.splitlines()[-1].split(":")[0]) == (0, "GREEN")
    found = subprocess.run(
        [*script, "--key", place.fingerprint], capture_output=True, text=True, check=False, env=environment
    )
    assert (found.returncode, "origin not checked" in found.stdout) == (1, True)


@pytest.mark.parametrize("arguments", [["--key"], ["--key", ""], ["--key", "abc"], ["--what"], ["a", "b"]])
def test_wrong_usage_is_exit_2(place: Place, arguments: list[str]) -> None:
    command = ["sh", str(place.folder / "check-archive.sh"), *arguments]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_no_archive_and_no_fingerprint_are_misuse(place: Place) -> None:
    with pytest.raises(Misuse, match="no archive"):
        check_archive(place.store, "nothing")
    for key in ("abc", ""):
        with pytest.raises(Misuse, match="not a fingerprint"):
            check_archive(place.store, place.archive_id, key=key)


def test_a_folder_without_files_means_nothing_to_either(place: Place) -> None:
    (place.folder / "data" / "vide, à côté").mkdir()
    assert place.script()[0] == 0
    assert check_archive(place.store, place.archive_id).problems == ()


@pytest.mark.parametrize("stem", ["ed25519", "p256"])
def test_a_key_of_another_kind_is_found_by_both(place: Place, stem: str) -> None:
    private = generate_private_key(SECP384R1())
    data = (place.folder / "tagmanifest-sha256.txt").read_bytes()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (place.folder / f"signatures/{stem}.pem").write_bytes(pem)
    (place.folder / f"signatures/tagmanifest.{stem}.sig").write_bytes(private.sign(data, ECDSA(SHA256())))
    code, lines = place.script()
    assert code == 1
    assert any(f"key: signatures/{stem}.pem" in line for line in lines), lines
    problems = check_archive(place.store, place.archive_id).problems
    assert [problem.where for problem in problems] == [f"signatures/{stem}.pem"]
