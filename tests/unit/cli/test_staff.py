from typing import Any

import pytest

from listino.cli import main
from listino.cli import staff as module
from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue
from listino.store.staff import StaffMember


class Store:
    """A store that keeps no account."""

    put_: list[tuple[str, str, str]]

    def __init__(self, settings: Any) -> None:
        self.staff = self

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ping(self) -> None:
        pass

    prepare = ping

    def put(self, email: str, password: str, role: str) -> StaffMember:
        if len(password) < 10:
            raise InvalidValue("a password has 10 characters or more")
        Store.put_.append((email, password, role))
        return StaffMember(email=email, role=role, created_at=utc_now())


@pytest.fixture(autouse=True)
def put(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    Store.put_ = []
    monkeypatch.setattr(module, "Store", Store)
    return Store.put_


def test_an_account_is_added(put: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["staff", "add", "anna@example.com", "--role", "manager", "--password", "correct horse"]) == 0
    assert put == [("anna@example.com", "correct horse", "manager")]
    said = capsys.readouterr()
    assert said.out == "anna@example.com may use the back office as manager\n"


def test_the_password_may_come_from_the_environment(put: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTINO_STAFF_PASSWORD", "correct horse")
    assert main.run(["staff", "add", "anna@example.com"]) == 0
    assert put == [("anna@example.com", "correct horse", "agent")], "an agent may do the least"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["anna@example.com", "--role", "root"], "'root' is not one of"),
        (["anna@example.com", "--password", "short"], "10 characters or more"),
        ([], "EMAIL"),
    ],
)
def test_wrong_usage_adds_nobody(
    arguments: list[str], complaint: str, put: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["staff", "add", *arguments]) == 2
    said = capsys.readouterr()
    assert (said.out, put) == ("", [])
    assert complaint in said.err
    assert "Traceback" not in said.err
