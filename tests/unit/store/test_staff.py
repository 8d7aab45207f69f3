from typing import Literal

import mongomock
import pytest
from argon2 import PasswordHasher

from listino.domain.errors import InvalidValue
from listino.store.collections import STAFF
from listino.store.passwords import LEAST_PASSWORD_LENGTH
from listino.store.staff import ROLES, Staff

PASSWORD = "correct horse"


@pytest.fixture
def database() -> mongomock.Database:
    return mongomock.MongoClient(tz_aware=True)["listino"]


@pytest.fixture
def staff(database: mongomock.Database) -> Staff:
    return Staff(database)


@pytest.mark.parametrize("role", ROLES)
def test_an_account_is_added(role: str, staff: Staff) -> None:
    member = staff.put(" Anna@Example.com", PASSWORD, role)
    assert (member.email, member.role) == ("anna@example.com", role)
    assert staff.get("ANNA@example.com ") == member
    assert staff.authenticate("Anna@example.com", PASSWORD) == member


def test_roles_are_those_the_collection_accepts() -> None:
    assert list(ROLES) == STAFF.validator["$jsonSchema"]["properties"]["role"]["enum"]


def test_putting_again_sets_password_and_role_and_keeps_the_rest(staff: Staff) -> None:
    first = staff.put("anna@example.com", PASSWORD, "agent")
    again = staff.put("ANNA@example.com", "another secret", "admin")
    assert (again.email, again.role, again.created_at) == (first.email, "admin", first.created_at)
    assert again.credential != first.credential, "a new password ends the sessions of the old one"
    assert staff.authenticate("anna@example.com", PASSWORD) is None
    assert staff.authenticate("anna@example.com", "another secret") == again


@pytest.mark.parametrize(
    ("email", "password"), [("anna@example.com", "wrong password"), ("nobody@example.com", PASSWORD), ("anna@example.com", ""), ("", "")]
)  # fmt: skip
def test_neither_a_wrong_address_nor_a_wrong_password_is_told(email: str, password: str, staff: Staff) -> None:
    staff.put("anna@example.com", PASSWORD, "agent")
    assert staff.authenticate(email, password) is None


def test_nobodys_stand_in_password_opens_nothing(staff: Staff) -> None:
    assert staff.authenticate("nobody@example.com", "nobody has this password") is None


@pytest.mark.parametrize(
    ("email", "password", "role", "complaint"),
    [
        ("anna", PASSWORD, "agent", "not an e-mail address"),
        ("@example.com", PASSWORD, "agent", "not an e-mail address"),
        ("anna@", PASSWORD, "agent", "not an e-mail address"),
        ("an na@example.com", PASSWORD, "agent", "not an e-mail address"),
        ("", PASSWORD, "agent", "not an e-mail address"),
        ("anna@example.com", PASSWORD, "root", "agent, manager, admin"),
        ("anna@example.com", PASSWORD, "", "agent, manager, admin"),
        ("anna@example.com", "x" * (LEAST_PASSWORD_LENGTH - 1), "agent", "10 characters"),
    ],
)
def test_what_can_be_no_account(
    email: str, password: str, role: str, complaint: str, staff: Staff, database: mongomock.Database
) -> None:
    with pytest.raises(InvalidValue, match=complaint) as raised:
        staff.put(email, password, role)
    assert password not in str(raised.value)
    assert database[STAFF.name].count_documents({}) == 0


def test_a_password_is_kept_as_an_argon2_hash_only(staff: Staff, database: mongomock.Database) -> None:
    staff.put("anna@example.com", PASSWORD, "agent")
    (document,) = database[STAFF.name].find()
    assert document["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in str(document)


class CountingHasher(PasswordHasher):
    """Notes what it compares with; at a price that a test can pay."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # argon2's name
        self.compared.append(str(hash).rsplit("$", 2)[0])
        return super().verify(hash, password)


def test_whoever_is_asked_for_costs_as_much_work(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash is compared, always: the time of an answer does not tell who has an account."""
    hasher = CountingHasher()
    monkeypatch.setattr(staff._passwords, "_hasher", hasher)
    for email in ("anna@example.com", "ugo@example.com"):
        staff.put(email, PASSWORD, "agent")
    staff.disable("ugo@example.com")
    for email in ("anna@example.com", "nobody@example.com", "ugo@example.com", "", "{'$ne': ''}"):
        for password in (PASSWORD, "wrong password"):
            before = len(hasher.compared)
            staff.authenticate(email, password)
            assert len(hasher.compared) == before + 1, (email, password)
    assert len(set(hasher.compared)) == 1, "with the same parameters"
