import statistics
import time

import mongomock
import pytest

from listino.domain.errors import InvalidValue
from listino.store.passwords import LEAST_PASSWORD_LENGTH, check_password, fingerprint, one_time_password
from listino.store.staff import Staff


@pytest.mark.parametrize(
    "password",
    [
        "password123!",
        "qwertyuiop",
        "aaaaaaaaaaaaaaa",
        "1234567890",
        "anna@example.com",
        "anna.example",
        "listinolistino",
    ],
)
def test_common_passwords_and_ones_close_to_their_owner_are_refused(password: str) -> None:
    with pytest.raises(InvalidValue, match="guessed too easily") as raised:
        check_password(password, email="anna@example.com")
    assert password not in str(raised.value)


@pytest.mark.parametrize(
    "password", ["correct horse", "quiet lantern seven", "x9-TTf4.qpLw", "a" * 30 + " quiet lantern seven"]
)
def test_good_ones_are_taken(password: str) -> None:
    check_password(password, email="anna@example.com")


def test_a_short_one_is_refused_however_strange() -> None:
    with pytest.raises(InvalidValue, match="10 characters or more"):
        check_password("x9-TTf4.q"[: LEAST_PASSWORD_LENGTH - 1], email="anna@example.com")


def test_one_time_passwords_differ_and_pass_our_own_check() -> None:
    made = {one_time_password() for _ in range(20)}
    assert len(made) == 20
    for password in made:
        check_password(password, email="anna@example.com")


def test_a_fingerprint_does_not_tell_the_secret() -> None:
    assert fingerprint("a secret") == fingerprint("a secret") != fingerprint("another")
    assert "secret" not in fingerprint("a secret")


def test_an_unknown_address_takes_as_long_as_a_wrong_password() -> None:
    staff = Staff(mongomock.MongoClient(tz_aware=True)["listino"])
    staff.put("anna@example.com", "correct horse", "agent")
    staff.put("left@example.com", "correct horse", "agent")
    staff.disable("left@example.com")
    staff.authenticate("warming@example.com", "up the stand-in")

    def seconds(email: str) -> float:
        taken = []
        for _ in range(3):
            began = time.process_time()
            assert staff.authenticate(email, "wrong password") is None
            taken.append(time.process_time() - began)
        return statistics.median(taken)

    known = seconds("anna@example.com")
    assert 0.4 < seconds("nobody@example.com") / known < 2.5
    assert 0.4 < seconds("left@example.com") / known < 2.5
