"""Who may what is asked by the function that writes, whoever calls it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from mapping_folder import write_folder
from standing_clock import Clock

from orchestration.access_settings import AccessSettings
from orchestration.operations import ROLES, NotAllowedError, Operations, Person, PostingPolicy
from orchestration.operations.database import Database
from orchestration.operations.mapping_columns import MAPPING_FILES
from orchestration.operations.mapping_import import read
from orchestration.operations.roles import DUTIES, MAPPING_OWNERS, READER
from orchestration.posting.batches import release

DAYS = {"date_from": date(2011, 2, 1), "date_to": date(2011, 2, 28), "publication_number": 3}
SAID = {"author": "Fay", "reason": "because"}
NOW = 1_700_000_000
EVERYBODY = {"finance", "operations", "integration", "approver"}

WRITES: dict[str, tuple[Callable[[Operations], object], set[str]]] = {
    "assign": (lambda store: store.assign("DGS", ["EX1"], assignee="Ann", **SAID), EVERYBODY),
    "snooze": (lambda store: store.snooze("DGS", ["EX1"], wakes_on=date(2011, 3, 1), **SAID), EVERYBODY),
    "note": (lambda store: store.note("DGS", ["EX1"], text="seen", author="Fay"), EVERYBODY),
    "decide": (
        lambda store: store.decide_match("DGS", "TP1", None, candidates=["a"], publication_number=1, **SAID),
        {"finance", "operations"},
    ),
    "revoke": (lambda store: store.revoke_match("DGS", "TP0", **SAID), {"finance", "operations"}),
    "approve": (
        lambda store: store.approve("DGS", {"TP1": "1" * 64}, approver="Fay", reason="seen"),
        {"approver"},
    ),
    "reject": (
        lambda store: store.approve(
            "DGS", {"TP1": "1" * 64}, approver="Fay", reason="no", decision="rejected"
        ),
        {"approver"},
    ),
    "enable": (lambda store: store.enable_posting("DGS", "Fay", "go live"), {"approver"}),
    "disable": (lambda store: store.disable_posting("DGS", "Fay", "stop"), {"approver"}),
    "policy": (
        lambda store: store.set_posting_policy("DGS", PostingPolicy(canary=False), "Fay", "known"),
        {"approver"},
    ),
    "stop": (lambda store: store.stop_store("DGS", "S01", "stock take", "Fay"), EVERYBODY),
    "lift": (lambda store: store.lift_stop("DGS", "S02", "Fay", "done"), {"approver", "integration"}),
    "tick": (
        lambda store: store.tick(
            "DGS", date(2011, 2, 1), "bank_agreed", is_done=True, publication_number=3, **SAID
        ),
        EVERYBODY,
    ),
    "sign a period": (lambda store: store.sign_off("DGS", "*", **DAYS, **SAID), {"approver", "finance"}),
    "sign a store-day": (
        lambda store: store.sign_off("DGS", "S01", **DAYS, **SAID),
        {"approver", "finance", "operations"},
    ),
    "withdraw a period": (lambda store: store.withdraw_sign_off("DGS", 1, **SAID), {"approver", "finance"}),
    "withdraw a store-day": (
        lambda store: store.withdraw_sign_off("DGS", 2, **SAID),
        {"approver", "finance", "operations"},
    ),
    "pack": (
        lambda store: store.record_pack(
            "DGS", date(2011, 2, 1), publication_number=3, manifest_digest="1" * 64, **SAID
        ),
        EVERYBODY,
    ),
}
"""Every write that a person signs, and the roles that allow it."""


@pytest.fixture(scope="module")
def described_once(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Path:
    """A company, a stop, a decided match and two sign-offs, as the machine itself may write them; closed."""
    folder = tmp_path_factory.mktemp("described")
    path = folder / "operations.sqlite"
    shutil.copyfile(migrated, path)
    with Operations(Database(f"sqlite:///{path.as_posix()}", Clock())) as operations:
        operations.import_mappings(write_folder(folder / "mappings"), "Ann", "first import")
        operations.stop_store("DGS", "S02", "stock take", "Ann")
        operations.decide_match(
            "DGS", "TP0", None, candidates=["a"], publication_number=1, author="Ann", reason="x"
        )
        operations.sign_off("DGS", "*", **DAYS, author="Ann", reason="x")
        operations.sign_off("DGS", "S01", **DAYS, author="Ann", reason="x")
    return path


@pytest.fixture
def described(described_once: Path, tmp_path: Path) -> Iterator[Operations]:
    """The same, one for each test."""
    path = tmp_path / "operations.sqlite"
    shutil.copyfile(described_once, path)
    with Operations(Database(f"sqlite:///{path.as_posix()}", Clock())) as store:
        yield store


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", WRITES)
def test_a_write_takes_one_of_its_roles(described, name, role):
    write, allowed = WRITES[name]
    before = described.audit_log("DGS")
    acting = described.acting_as(Person("Fay", frozenset({role})))
    if role in allowed:
        write(acting)
    else:
        with pytest.raises(NotAllowedError, match=rf"Fay may not .*, not {role}"):
            write(acting)
        assert described.audit_log("DGS") == before, "a refused write leaves nothing behind"


@pytest.mark.parametrize("name", WRITES)
def test_nobody_signs_for_another_and_a_reader_writes_nothing(described, name):
    write, _ = WRITES[name]
    before = described.audit_log("DGS")
    for person in (READER, Person("Val", frozenset(ROLES)), Person("Fay")):
        with pytest.raises(NotAllowedError):
            write(described.acting_as(person))
    assert described.audit_log("DGS") == before


def test_every_write_that_is_signed_names_a_duty_that_is_listed():
    root = Path(__file__).resolve().parents[2] / "orchestration"
    text = "".join(file.read_text(encoding="utf-8") for file in root.rglob("*.py"))
    used = [duty for duty in DUTIES if f'"{duty}"' in text.replace(f'    "{duty}": ', "")]
    assert {duty for duty in DUTIES if not duty.endswith("mappings")} <= set(used)
    for duty, roles in DUTIES.items():
        assert "viewer" not in roles and set(roles) <= set(ROLES), duty


def test_every_mapping_table_is_somebody_s():
    assert set(MAPPING_OWNERS) == {file.name for file in MAPPING_FILES}
    assert {f"change {owner} mappings" for owner in MAPPING_OWNERS.values()} <= set(DUTIES)


def test_a_table_of_another_lane_takes_the_whole_import_back(operations, tmp_path):
    given = read(write_folder(tmp_path / "mappings"))
    assert {"companies", "stores"} <= set(given.rows)
    with pytest.raises(NotAllowedError, match="Fay may not change operations mappings"):
        operations.acting_as(Person("Fay", frozenset({"finance"}))).take_mappings(given, "Fay", "x")
    assert operations.audit_log("DGS") == [] and not operations.stores("DGS")
    every = Person("Fay", frozenset({"finance", "operations", "integration"}))
    assert operations.acting_as(every).take_mappings(given, "Fay", "x")
    # what changes nothing asks nobody
    assert operations.acting_as(Person("Val", frozenset({"viewer"}))).take_mappings(given, "Val", "again")


def test_an_import_file_is_freed_only_by_who_may(operations):
    with pytest.raises(NotAllowedError, match="free a posting to be sent again"):
        release(
            operations.acting_as(Person("Fay", frozenset({"finance"}))),
            None,
            "DGS",
            "B1",
            by="Fay",
            reason="x",
        )


def test_the_role_that_allowed_it_goes_on_record(described):
    store = described.acting_as(Person("Fay", frozenset({"finance", "viewer"})))
    number = store.sign_off("DGS", "S01", **DAYS, **SAID)
    assert {row["id"]: row["role"] for row in described.sign_offs("DGS")}[number] == "finance"
    store.tick("DGS", date(2011, 2, 1), "bank_agreed", is_done=True, publication_number=3, **SAID)
    assert described.ticks("DGS", date(2011, 2, 1))["bank_agreed"].role == "finance"


def test_the_local_user_has_the_roles_of_the_settings():
    open_house = AccessSettings()
    assert open_house.local(" Fay ") == Person("Fay", frozenset(ROLES))
    listed = AccessSettings(local_roles=["viewer"], people={"Fay": ["approver"]})
    assert listed.local("fay").roles == {"approver"} and listed.local("Val").roles == {"viewer"}


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"email": "fay@acme.example", "groups": ["Finance Team", "Choir"]}, {"finance"}),
        ({"email": "FAY@acme.example", "groups": []}, set()),
        ({"email": "val@acme.example", "groups": "approver"}, {"approver", "viewer"}),
        ({"email": "val@acme.example"}, {"viewer"}),
        ({"email": "val@acme.example", "email_verified": True}, {"viewer"}),
    ],
)
def test_a_sign_in_gives_the_roles_of_its_claim_and_of_the_table(claims, roles):
    access = AccessSettings(
        sign_in="oidc",
        roles_claim="groups",
        role_names={"Finance Team": "finance"},
        people={"Val@acme.example": ["viewer"]},
    )
    found = access.signed_in({"iat": NOW, **claims}, NOW + 60)
    assert found is not None and found.roles == roles


@pytest.mark.parametrize(
    "claims", [{}, {"email": ""}, {"email": "val@acme.example", "email_verified": False}, {"email": "v" * 81}]
)
def test_a_sign_in_without_a_name_that_counts_is_nobody(claims):
    access = AccessSettings(sign_in="oidc", people={"val@acme.example": ["approver"]})
    assert access.signed_in({"iat": NOW, **claims}, NOW) is None


@pytest.mark.parametrize("issued", [NOW - 12 * 3600 - 1, None, "yesterday", True])
def test_a_sign_in_lapses_and_one_of_no_known_age_has(issued):
    access = AccessSettings(sign_in="oidc", people={"val@acme.example": ["approver"]})
    claims = {"email": "val@acme.example", "iat": NOW - 11 * 3600}
    assert access.signed_in(claims, NOW).may("sign off a period")
    assert access.signed_in({**claims, "iat": issued}, NOW) is None
    longer = access.model_copy(update={"sign_in_hours": 24})
    assert (longer.signed_in({**claims, "iat": issued}, NOW) is None) == (issued != NOW - 12 * 3600 - 1)


@pytest.mark.parametrize(
    "given",
    [
        {"sign_in": "oidc"},
        {"people": {"Fay": ["boss"]}},
        {"people": {"Fay": ["viewer"], "fay ": ["approver"]}},
        {"local_roles": ["boss"]},
        {"role_names": {"x": "boss"}},
        {"rolls_claim": "groups"},
    ],
)
def test_settings_that_give_nobody_a_role_are_refused(given):
    with pytest.raises(ValueError):
        AccessSettings(**given)
