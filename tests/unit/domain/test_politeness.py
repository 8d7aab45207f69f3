from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from listino.domain.politeness import retry_after


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("1" * 309, 86_400),
        ("1" * 5000, 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("\xff\xfe", None),
    ],
)
def test_what_a_retry_after_header_asks_for(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_a_date_to_come() -> None:
    seconds = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert seconds is not None
    assert 85 < seconds <= 90
