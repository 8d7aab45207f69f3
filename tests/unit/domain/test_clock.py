from datetime import UTC, datetime

from listino.domain.clock import utc_now


def test_now_is_utc_and_survives_the_store() -> None:
    before = datetime.now(UTC)
    now = utc_now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert abs((now - before).total_seconds()) < 1
