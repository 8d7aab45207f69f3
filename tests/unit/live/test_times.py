"""How the times of a live refresh fit into one another."""

from pathlib import Path

from listino.live import times
from listino.settings import Settings


def test_a_probe_outlasts_the_wait_for_a_turn_and_the_shop(tmp_path: Path) -> None:
    for timeout in (100, 4000, 60_000):
        settings = Settings(_env_file=None, state_dir=tmp_path, live_timeout_ms=timeout)  # type: ignore[call-arg]
        assert 2 * timeout < times.probe_ms(settings)


def test_what_a_killed_worker_had_in_hand_is_taken_over_within_a_second() -> None:
    assert times.LEASE_MS + max(times.LOOK_MS, times.RENEW_MS) < 1000
    assert 4 * times.RENEW_MS < times.LEASE_MS, "one renewal that comes late loses no shop"
    assert times.JOB_MS < times.QUEUED_MS
    assert times.ALONE_AFTER < times.PARK_AFTER
