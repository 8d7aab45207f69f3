import subprocess
import sys
from io import StringIO
from typing import Any

import pytest

from listino.cli import main
from listino.cli import staff as module
from listino.domain.audit import AuditEntry
from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue
from listino.store.staff import StaffMember


class Store:
    """A store that keeps no account."""

    put_: list[tuple[str, str, str]]
    entries: list[AuditEntry]

    def __init__(self, settings: Any) -> None:
        self.staff = self
        self.audit = self

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ping(self) -> None:
        pass

    prepare = ping

    def get(self, email: str) -> None:
        return None

    def add(self, entry: AuditEntry) -> None:
        Store.entries.append(entry)

    def put(self, email: str, password: str, role: str) -> StaffMember:
        if len(password) < 10:
            raise InvalidValue("a password has 10 characters or more")
        Store.put_.append((email, password, role))
        return StaffMember(email=email, role=role, created_at=utc_now())


@pytest.fixture(autouse=True)
def put(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    Store.put_ = []
    Store.entries = []
    monkeypatch.setattr(module, "Store", Store)
    return Store.put_


def test_an_account_is_added(put: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["staff", "add", "anna@example.com", "--role", "manager", "--password", "correct horse"]) == 0
    assert put == [("anna@example.com", "correct horse", "manager")]
    said = capsys.readouterr()
    assert said.out == "anna@example.com may use the back office as manager\n"
    (entry,) = Store.entries
    assert (entry.action, entry.subject, entry.by.split(":")[0]) == ("staff.added", "staff:anna@example.com", "command")
    assert "correct horse" not in str(entry)


def test_the_password_may_come_from_the_environment(put: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTINO_STAFF_PASSWORD", "correct horse")
    assert main.run(["staff", "add", "anna@example.com"]) == 0
    assert put == [("anna@example.com", "correct horse", "agent")], "an agent may do the least"


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_the_password_may_come_on_standard_input(ending: str, put: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(f" correct horse {ending}"))
    assert main.run(["staff", "add", "anna@example.com", "--password-stdin"]) == 0
    assert put == [("anna@example.com", " correct horse ", "agent")]


def test_nothing_on_standard_input_is_no_password(put: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))
    assert main.run(["staff", "add", "anna@example.com", "--password-stdin"]) == 2
    assert put == []


def test_without_a_terminal_one_line_says_how_to_hand_over_the_password() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "listino", "staff", "add", "anna@example.com"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,  # no terminal that could be opened as /dev/tty
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "listino: there is no terminal to ask for the password on: "
        "set LISTINO_STAFF_PASSWORD, or hand it over on standard input with --password-stdin"
    ]
    assert done.stdout == ""


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
