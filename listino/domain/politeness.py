"""What a host may be asked by all of us together: crawls and live prices, however many processes they run in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

REFUSALS = (429, 503)  # what a host answers that wants to be left alone for a while
_FAILURE = 500  # this status and above


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The most that may be asked of one host. `interval_ms`: least milliseconds between the starts of two requests.

    `concurrency` requests may be under way at a time, `crawling` of them for crawls: what is left is kept for shoppers.
    """

    concurrency: int
    crawling: int
    interval_ms: int = 0

    @property
    def catch_up_ms(self) -> int:
        """By how much a request may start before its turn where those before it were late."""
        return CATCH_UP_MS if self.interval_ms < UNHURRIED_MS else 0


# How a host that refuses (429, 503) or fails is asked more slowly. A refusal doubles the interval, from FIRST_REFUSED_MS
# where there was less. A failure (another server error, a connection that broke off) adds half to it, from FIRST_FAILED_MS
# where there was less, unless it stands alone. It is given back in RECOVERY_STEPS equal steps, one a good answer: a shop
# that has just recovered is not overrun again.
FIRST_REFUSED_MS = 250
FIRST_FAILED_MS = 25
LONGEST_SLOWED_MS = 60_000
RECOVERY_STEPS = 10
# A failure stands alone when the last one is so many good answers ago, or there was none: shops fail now and then that are
# not asked too much. Not simply two in a row, for a shop that fails every second time has too much to do as well.
FAILURE_ALONE_AFTER = 5

# By how much, in ms, a request may start before its turn because those before it started late: without it each turn that is
# taken late is lost, and the pace on average is slower than the one allowed. So in any time there are no more requests than
# the pace allows in that time and CATCH_UP_MS. None where the interval is UNHURRIED_MS or longer, or the host was slowed
# down: who asks for a Crawl-delay of whole seconds finds them in his log.
CATCH_UP_MS = 50
UNHURRIED_MS = 1_000

# How long a host is left alone that refuses without saying for how long: doubled with every refusal in a row.
FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 300_000
# A Retry-After of weeks is a mistake more often than a wish; after a day it is asked once more.
LONGEST_TOLD_MS = 86_400_000

# While shoppers wait, a crawl starts every tenth request only: it never stands still, however popular the shop is.
SHOPPERS_IN_A_ROW = 9


def is_failure(status: int) -> bool:
    """Whether a host that answers so seems to be in trouble."""
    return status >= _FAILURE


def retry_after(header: str | None) -> float | None:
    """The seconds a Retry-After header asks for (RFC 9110, section 10.2.3), of which LONGEST_TOLD_MS are kept to.

    A number or a date; None for neither.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_TOLD_MS / 1000)  # what has more digits than a float holds is infinite
    try:
        wait = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(0.0, wait), LONGEST_TOLD_MS / 1000)
