"""Tenants, platforms whose addresses nobody reads again, and documents whose versions stay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from migrator.registry.documents import Documents, Kind, Stale
from migrator.registry.platforms import Platforms, Secret
from migrator.registry.tenants import Tenant, Tenants
from migrator.registry.vault import Vault
from migrator.runs.database import Database
from storage.errors import Misuse

URL = "postgresql://reader:s3cr3t-word@db.example.org/crm"


@pytest.fixture
def platforms(database: Database, tmp_path: Path) -> Platforms:
    return Platforms(database=database, vault=Vault.load_or_create(tmp_path / "vault.key"))


def test_an_address_is_used_and_never_shown(platforms: Platforms, tmp_path: Path) -> None:
    platforms.put("LEGACY", Secret(URL), tenants=["acme"], by="ann")
    (shown,) = platforms.all()
    assert shown.address == "postgresql://reader:***@db.example.org/crm"
    assert platforms.variables("acme") == {"LEGACY": URL}
    assert b"s3cr3t-word" not in (tmp_path / "catalog.db").read_bytes()
    assert "s3cr3t-word" not in f"{shown}{platforms}"


def test_a_tenant_reaches_its_platforms_and_no_others(platforms: Platforms) -> None:
    platforms.put("LEGACY", Secret(URL), tenants=["acme"], by="ann")
    platforms.put("STORE", Secret("s3://bucket", "A", "B"), tenants=["*"], by="ann")
    assert set(platforms.variables("acme")) == {"LEGACY", "STORE"}
    assert set(platforms.variables("globex")) == {"STORE"}
    assert platforms.accounts("globex") == {"AWS_ACCESS_KEY_ID_STORE": "A", "AWS_SECRET_ACCESS_KEY_STORE": "B"}
    platforms.allow("LEGACY", ["globex"])
    assert set(platforms.variables("acme")) == {"STORE"}
    platforms.remove("STORE")
    assert platforms.variables("acme") == {}


def test_another_key_opens_nothing(platforms: Platforms, tmp_path: Path) -> None:
    platforms.put("LEGACY", Secret(URL), tenants=["acme"], by="ann")
    other = Platforms(database=platforms.database, vault=Vault.load_or_create(tmp_path / "other.key"))
    with pytest.raises(Misuse, match="another key"):
        other.variables("acme")


def test_what_is_sealed_for_one_platform_opens_for_no_other(platforms: Platforms) -> None:
    sealed = platforms.vault.sealed("LEGACY", URL)
    assert platforms.vault.opened("LEGACY", sealed) == URL
    with pytest.raises(Misuse, match="another key"):
        platforms.vault.opened("STORE", sealed)


@pytest.mark.parametrize("name", ["", "legacy", "A-B", "A B", "1A", "A" * 65, "A\n"])
def test_a_name_that_no_plan_could_write_is_refused(platforms: Platforms, name: str) -> None:
    with pytest.raises(Misuse, match="not a platform's name"):
        platforms.put(name, Secret(URL), tenants=[], by="ann")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Vault.load_or_create(tmp_path / "vault.key")
    (tmp_path / "vault.key").chmod(0o644)
    with pytest.raises(Misuse, match="chmod 600"):
        Vault.load_or_create(tmp_path / "vault.key")


def test_versions_follow_each_other_and_stay(database: Database) -> None:
    documents = Documents(database=database)
    for after in range(3):
        documents.write(Kind.PLAN, "acme", "exit", f"plan: {after}", by="ann", after=after)
    documents.write(Kind.PLAN, "globex", "exit", "another tenant's", by="bob", after=0)
    documents.write(Kind.MAPPING, "acme", "exit", "a mapping", by="ann", after=0)
    numbers = [one.version for one in documents.versions(Kind.PLAN, "acme", "exit")]
    texts = [documents.read(Kind.PLAN, "acme", "exit", number).text for number in numbers]
    assert texts == ["plan: 0", "plan: 1", "plan: 2"]
    assert documents.read(Kind.PLAN, "acme", "exit").version == 3
    assert documents.read(Kind.PLAN, "acme", "exit", 2).text == "plan: 1"
    assert [(one.tenant, one.version) for one in documents.newest(Kind.PLAN)] == [("acme", 3), ("globex", 1)]
    for wrong in (
        lambda: documents.read(Kind.PLAN, "acme", "exit", 9),
        lambda: documents.read(Kind.PLAN, "acme", "ex"),
    ):
        with pytest.raises(Misuse):
            wrong()


def test_nobody_writes_over_what_they_have_not_read(database: Database) -> None:
    documents = Documents(database=database)

    def write(number: int) -> bool:
        try:
            documents.write(Kind.PLAN, "acme", "exit", str(number), by="ann", after=0)
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(write, range(4))) == [False, False, False, True]
    assert len(documents.versions(Kind.PLAN, "acme", "exit")) == 1


def test_tenants_are_known_by_the_name_plans_have(database: Database) -> None:
    tenants = Tenants(database=database)
    added = tenants.add(Tenant(tenant="acme", name="", contact="Ann, +33 1"))
    assert (added.name, tenants.find("acme"), tenants.find("globex")) == ("acme", added, None)
    with pytest.raises(Misuse, match="already"):
        tenants.add(Tenant(tenant="acme", name="Acme"))
    for name in ("", "*", "x" * 201):
        with pytest.raises(Misuse, match="not a tenant's name"):
            tenants.add(Tenant(tenant=name, name=""))
