"""How amounts, times and numbers are written on the pages."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlsplit

from flask import Flask
from markupsafe import Markup

from listino.domain.audit import Outcome
from listino.domain.clock import utc_now
from listino.domain.crawl import CrawlStatus
from listino.domain.errors import InvalidValue
from listino.domain.held import DoubtKind, ReferenceSource
from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.offer import Availability

_SPACE = "\N{NO-BREAK SPACE}"
_NOTHING = "\N{EN DASH}"

# Word and colour of each state; the word alone says it all.
AVAILABILITY = {
    Availability.IN_STOCK: ("In stock", "good"),
    Availability.OUT_OF_STOCK: ("Out of stock", "bad"),
    Availability.UNKNOWN: ("Stock unknown", "calm"),
}
CRAWL_STATUS = {
    CrawlStatus.RUNNING: ("Running", "busy"),
    CrawlStatus.FINISHED: ("Finished", "good"),
    CrawlStatus.INCOMPLETE: ("Incomplete", "warn"),
    CrawlStatus.STOPPED: ("Stopped", "warn"),
    CrawlStatus.FAILED: ("Failed", "bad"),
    CrawlStatus.DIED: ("Died", "bad"),
}

# How a held price is off, as filters and counts say it.
DOUBTS = {
    DoubtKind.NOT_POSITIVE: "No price at all",
    DoubtKind.TIMES_100: "About 100 times",
    DoubtKind.HUNDREDTH: "About a hundredth",
    DoubtKind.TIMES_10: "About 10 times",
    DoubtKind.TENTH: "About a tenth",
    DoubtKind.FAR: "Far from before",
}
# What a held price is compared with, under the amount.
REFERENCES = {
    ReferenceSource.LAST: "before",
    ReferenceSource.HISTORY: "mostly, lately",
    ReferenceSource.SIZES: "other sizes",
    ReferenceSource.MARKET: "other shops",
}
OUTCOMES = {Outcome.ACCEPTED: "Accepted", Outcome.REJECTED: "Rejected", Outcome.SUPERSEDED: "Superseded"}


def attach(app: Flask) -> None:
    """Makes the formats known to the templates."""
    app.jinja_env.filters.update(
        money=money,
        moment=moment,
        ago=ago,
        duration=duration,
        factor=factor,
        number=number,
        percent=percent,
        web_address=web_address,
        host=host,
        market_name=market_name,
    )
    app.jinja_env.globals.update(AVAILABILITY=AVAILABILITY, CRAWL_STATUS=CRAWL_STATUS, MARKETS=MARKETS)
    app.jinja_env.globals.update(DOUBTS=DOUBTS, OUTCOMES=OUTCOMES, REFERENCES=REFERENCES)


def money(amount: Money | None, *, signed: bool = False) -> str:
    """As Money displays it, `signed` with a plus where it is above zero; a dash where it is not known."""
    if amount is None:
        return _NOTHING
    return f"{'+' if signed and amount.minor > 0 else ''}{amount.display}"


def moment(at: datetime | None) -> str | Markup:
    """The minute in UTC, with the second and the age as a tooltip."""
    if at is None:
        return _NOTHING
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC, {}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%A, %-d %B %Y, %H:%M:%S}", ago(at), f"{utc:%Y-%m-%d} {utc:%H:%M}{_SPACE}UTC"
    )


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long since, in the largest unit that fits."""
    if at is None:
        return "never"
    seconds = int(((now or utc_now()) - at).total_seconds())
    if seconds < 10:
        return "just now"
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def duration(seconds: float) -> str:
    """`8.4 s`, `3 min 20 s` or `2 h 05 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f}{_SPACE}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{_SPACE}min {whole % 60}{_SPACE}s"
    return f"{whole // 3600}{_SPACE}h {whole % 3600 // 60:02d}{_SPACE}min"


def number(count: int | None) -> str:
    """With thousands apart; a dash where it is not known."""
    return _NOTHING if count is None else f"{count:,}"


def percent(value: Decimal | float, places: int = 1) -> str:
    """`20.1 %`; the value is in percent already."""
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{rounded:f}{_SPACE}%"


def factor(value: Decimal | None) -> str:
    """`× 99.85`, with as many digits as tell something; a dash where it is not known."""
    if value is None:
        return _NOTHING
    shown = f"{value:.3g}" if value < 10 else f"{value:,.0f}"
    return f"\N{MULTIPLICATION SIGN}{_SPACE}{shown}"


def instant(at: datetime) -> str:
    """The moment to the millisecond, as addresses and forms carry it: `2026-05-01T12:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parsed_instant(text: str) -> datetime:
    """The moment that an address or a form carries; raises InvalidValue."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"{text[:40]!r} is not a time such as 2026-05-01T12:00:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def web_address(text: str | None) -> str | None:
    """The address if a browser may follow it; None for anything that is not http or https (`javascript:`, say)."""
    if text is None:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc else None


def host(address: str) -> str:
    """The shop's host name, as a person would say it."""
    return (urlsplit(address).hostname or address).removeprefix("www.")


def market_name(code: str | None) -> str:
    market = MARKETS.get(code or "")
    return market.name if market else (code or _NOTHING)
