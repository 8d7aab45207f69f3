"""How the times of a live refresh fit into one another."""

from pathlib import Path

from listino.live.client import drain_ms, flight_ms
from listino.settings import Settings


def test_a_flight_outlasts_the_wait_for_a_turn_and_the_shop_and_a_drain_outlasts_a_flight(tmp_path: Path) -> None:
    for timeout in (100, 4000, 60_000):
        settings = Settings(_env_file=None, state_dir=tmp_path, live_timeout_ms=timeout)  # type: ignore[call-arg]
        assert 2 * timeout < flight_ms(settings) < drain_ms(settings)
