"""Who may ask how often, and who is asking."""

from ipaddress import ip_network
from typing import Any

import pytest

from api.limits import ClientRates, Clients, client_named

TRUSTED = (ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16"))


class Clock:
    """A time of the test's own, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_is_taken_and_then_the_rate(clock: Clock) -> None:
    rates = ClientRates(4, 3, clock=clock)
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, pytest.approx(0.25)]
    clock.now += 0.2
    assert rates.wait("a") == pytest.approx(0.05)
    clock.now += 0.05
    assert [rates.wait("a"), rates.wait("a")] == [0, pytest.approx(0.25)]


def test_who_pauses_has_the_burst_again_and_no_more(clock: Clock) -> None:
    rates = ClientRates(4, 3, clock=clock)
    for _ in range(3):
        rates.wait("a")
    clock.now += 3600
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, pytest.approx(0.25)]


def test_in_the_long_run_it_is_the_rate(clock: Clock) -> None:
    rates = ClientRates(50, 100, clock=clock)
    taken = 0
    for _ in range(10_000):  # a hundred a second for a hundred seconds
        taken += not rates.wait("a")
        clock.now += 0.01
    assert taken == pytest.approx(100 + 50 * 100, abs=2)


def test_being_refused_costs_nothing(clock: Clock) -> None:
    rates = ClientRates(1, 1, clock=clock)
    rates.wait("a")
    for _ in range(100):
        assert rates.wait("a") == pytest.approx(1)


def test_clients_are_counted_apart(clock: Clock) -> None:
    rates = ClientRates(1, 1, clock=clock)
    assert [rates.wait("a"), rates.wait("b"), rates.wait("a") > 0] == [0, 0, True]


def test_a_bounded_number_is_remembered_and_who_goes_on_asking_among_them(clock: Clock) -> None:
    rates = ClientRates(1, 1, most=10, clock=clock)
    rates.wait("greedy")
    for number in range(1000):
        rates.wait(f"client {number}")
        if number % 5 == 0:
            assert rates.wait("greedy") > 0
    assert len(rates._young) + len(rates._old) <= 20


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix:", None),
        ("", None),
        ("192.0.2.7, 10.0.0.1", None),
    ],
)
def test_whom_an_address_belongs_to(address: str, client: str | None) -> None:
    assert client_named(address) == client


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("127.0.0.1", b"192.0.2.7", "192.0.2.7"),
        ("10.1.2.3", b"2001:db8::1", "2001:db8::/64"),
        ("10.1.2.3", None, "10.1.2.3"),
        ("10.1.2.3", b"nonsense", "10.1.2.3"),
        ("192.0.2.9", b"192.0.2.7", "192.0.2.9"),
        ("10.2.0.1", b"192.0.2.7", "10.2.0.1"),
        (None, b"192.0.2.7", ""),
    ],
)
def test_only_a_trusted_peer_says_whom_it_speaks_for(peer: str | None, said: bytes | None, client: str) -> None:
    scope: dict[str, Any] = {"client": (peer, 1234) if peer else None, "headers": [(b"host", b"api")]}
    if said is not None:
        scope["headers"].append((b"x-real-ip", said))
    assert Clients(TRUSTED).of(scope) == client
