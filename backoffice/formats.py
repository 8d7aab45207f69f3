"""How amounts, times and numbers are written on the pages: as readers of each language are used to."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal
from urllib.parse import urlsplit

from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent
from flask import Flask
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup

from backoffice.languages import locale
from listino.domain.audit import Outcome
from listino.domain.clock import utc_now
from listino.domain.crawl import CrawlStatus
from listino.domain.drift import FIELDS
from listino.domain.errors import InvalidValue
from listino.domain.held import DoubtKind, ReferenceSource
from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.store.query import Only, Order

_SPACE = "\N{NO-BREAK SPACE}"
_NOTHING = "\N{EN DASH}"
_UNITS: Final[tuple[tuple[Literal["day", "hour", "minute", "second"], int], ...]] = (
    ("day", 86_400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)

_SIZES: Final = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))

# Word and colour of each state; the word alone says it all.
AVAILABILITY = {
    Availability.IN_STOCK: (lazy_gettext("In stock"), "good"),
    Availability.OUT_OF_STOCK: (lazy_gettext("Out of stock"), "bad"),
    Availability.UNKNOWN: (lazy_gettext("Stock unknown"), "calm"),
}
# What may be corrected, and the rare states that staff look for.
CORRECTED_FIELDS = {
    "name": lazy_gettext("Name"),
    "brand": lazy_gettext("Brand"),
    "category": lazy_gettext("Category"),
    "gtin": lazy_gettext("GTIN"),
    "description": lazy_gettext("Description"),
}
PRODUCT_STATES = {
    Only.HELD: lazy_gettext("With a held price"),
    Only.STOPPED: lazy_gettext("Held from sale"),
    Only.CORRECTED: lazy_gettext("Corrected by us"),
    Only.GONE: lazy_gettext("Gone from the shop"),
}
PRODUCT_ORDERS = {
    Order.PRICE: lazy_gettext("The cheapest first."),
    Order.CHANGED: lazy_gettext("What changed last first."),
    Order.LEFT: lazy_gettext("What went last first."),
}
CRAWL_STATUS = {
    CrawlStatus.RUNNING: (lazy_gettext("Running"), "busy"),
    CrawlStatus.FINISHED: (lazy_gettext("Finished"), "good"),
    CrawlStatus.INCOMPLETE: (lazy_gettext("Incomplete"), "warn"),
    CrawlStatus.STOPPED: (lazy_gettext("Stopped"), "warn"),
    CrawlStatus.FAILED: (lazy_gettext("Failed"), "bad"),
    CrawlStatus.DIED: (lazy_gettext("Died"), "bad"),
}

# How a held price is off, as filters and counts say it.
DOUBTS = {
    DoubtKind.NOT_POSITIVE: lazy_gettext("No price at all"),
    DoubtKind.TIMES_100: lazy_gettext("About 100 times"),
    DoubtKind.HUNDREDTH: lazy_gettext("About a hundredth"),
    DoubtKind.TIMES_10: lazy_gettext("About 10 times"),
    DoubtKind.TENTH: lazy_gettext("About a tenth"),
    DoubtKind.FAR: lazy_gettext("Far from before"),
}
# What a held price is compared with, under the amount.
REFERENCES = {
    ReferenceSource.LAST: lazy_gettext("before"),
    ReferenceSource.HISTORY: lazy_gettext("mostly, lately"),
    ReferenceSource.SIZES: lazy_gettext("other sizes"),
    ReferenceSource.MARKET: lazy_gettext("other shops"),
}
OUTCOMES = {
    Outcome.ACCEPTED: lazy_gettext("Accepted"),
    Outcome.REJECTED: lazy_gettext("Rejected"),
    Outcome.SUPERSEDED: lazy_gettext("Superseded"),
}


def attach(app: Flask) -> None:
    """Makes the formats known to the templates."""
    app.jinja_env.filters.update(
        money=money,
        moment=moment,
        ago=ago,
        clock=clock,
        duration=duration,
        factor=factor,
        number=number,
        tenths=tenths,
        percent=percent,
        web_address=web_address,
        host=host,
        market_name=market_name,
        bytes=size,
        milliseconds=milliseconds,
        minute_of_day=lambda minute: clock(_at(minute)),
        minute_of_day_24=lambda minute: f"{_at(minute):%H:%M}",
    )
    app.jinja_env.globals.update(
        AVAILABILITY=AVAILABILITY, AVAILABILITIES=Availability, CRAWL_STATUS=CRAWL_STATUS, MARKETS=MARKETS
    )
    app.jinja_env.globals.update(
        CORRECTED_FIELDS=CORRECTED_FIELDS, PRODUCT_STATES=PRODUCT_STATES, PRODUCT_ORDERS=PRODUCT_ORDERS
    )
    app.jinja_env.globals.update(DRIFT_FIELDS=FIELDS)
    app.jinja_env.globals.update(DOUBTS=DOUBTS, OUTCOMES=OUTCOMES, REFERENCES=REFERENCES)


def money(amount: Money | None, *, signed: bool = False) -> str:
    """The amount with its currency, `signed` with a plus where it is above zero; a dash where it is not known."""
    if amount is None:
        return _NOTHING
    shown = format_currency(amount.major, amount.currency, locale=locale())
    return f"{'+' if signed and amount.minor > 0 else ''}{shown}"


def moment(at: datetime | None) -> str | Markup:
    """The minute in UTC, with the second and the age as a tooltip."""
    if at is None:
        return _NOTHING
    utc = at.astimezone(UTC)
    day, second = format_date(utc, "full", locale=locale()), format_time(utc, "medium", locale=locale())
    return Markup('<time datetime="{}" title="{}, {} UTC, {}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}", day, second, ago(at), f"{date(utc)}, {clock(utc)}{_SPACE}UTC"
    )


def date(at: datetime) -> str:
    """The day, with its year."""
    return format_date(at, "medium", locale=locale())


def day_of_year(at: datetime) -> str:
    """The day without its year."""
    return format_skeleton("MMMd", at, locale=locale())


def clock(at: datetime, *, seconds: bool = False) -> str:
    """The hour and the minute, and the second too where it matters."""
    return format_time(at, "medium" if seconds else "short", locale=locale())


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long since, in the largest unit that fits."""
    if at is None:
        return gettext("never")
    seconds = int(((now or utc_now()) - at).total_seconds())
    if seconds < 10:
        return gettext("just now")
    unit, size = next(pair for pair in _UNITS if seconds >= pair[1])
    # Begun units do not count, and days are not gathered into weeks: hence whole units of ours, kept as they are.
    whole = timedelta(seconds=seconds // size * size)
    return format_timedelta(-whole, granularity=unit, threshold=float("inf"), add_direction=True, locale=locale())


def milliseconds(seconds: float) -> str:
    """`2.5 ms`."""
    return f"{format_decimal(round(1000 * seconds, 1), locale=locale())}{_SPACE}ms"


def size(count: int) -> str:
    """`3.2 GB`, in powers of ten."""
    unit, name = next((pair for pair in _SIZES if count >= pair[0]), (1, "B"))
    shown = format_decimal(round(count / unit, 1) if unit > 1 else count, locale=locale())
    return f"{shown}{_SPACE}{name}"


def _at(minute: int) -> datetime:
    """A moment at that minute of some day."""
    return datetime(2000, 1, 1, minute // 60, minute % 60, tzinfo=UTC)


def duration(seconds: float) -> str:
    """`8.4 s`, `3 min 20 s` or `2 h 05 min`."""
    if seconds < 59.95:
        return f"{format_decimal(round(seconds, 1), '0.0', locale=locale())}{_SPACE}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{_SPACE}min {whole % 60}{_SPACE}s"
    return f"{whole // 3600}{_SPACE}h {whole % 3600 // 60:02d}{_SPACE}min"


def number(count: int | None) -> str:
    """With thousands apart; a dash where it is not known."""
    return _NOTHING if count is None else format_decimal(count, locale=locale())


def tenths(value: float) -> str:
    """With one decimal."""
    return format_decimal(round(value, 1), "#,##0.0", locale=locale())


def percent(value: Decimal | float, places: int = 1) -> str:
    """`20.1%`; the value is in percent already."""
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    # Where the sign stands, and whether a space is before it, is the language's.
    pattern = locale().percent_formats[None].pattern.replace("0", f"0.{'0' * places}" if places else "0", 1)
    return format_percent(rounded / 100, pattern, locale=locale())


def factor(value: Decimal | None) -> str:
    """`× 99.85`, with as many digits as tell something; a dash where it is not known."""
    if value is None:
        return _NOTHING
    shown = Decimal(f"{value:.3g}") if value < 10 else value.quantize(Decimal(1))
    return f"\N{MULTIPLICATION SIGN}{_SPACE}{format_decimal(shown, locale=locale(), decimal_quantization=False)}"


def instant(at: datetime) -> str:
    """The moment to the millisecond, as addresses and forms carry it: `2026-05-01T12:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parsed_instant(text: str) -> datetime:
    """The moment that an address or a form carries, in UTC; raises InvalidValue.

    Of the first and the last year there is none: a day before and after each moment there is another, in all zones.
    """
    try:
        at = datetime.fromisoformat(text)
        if not MINYEAR < at.year < MAXYEAR:
            raise ValueError
    except ValueError:
        raise InvalidValue(f"{text[:40]!r} is not a time such as 2026-05-01T12:00:00Z") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def parsed_end(text: str) -> datetime:
    """The first moment after the one, or after the whole day, that an address or a form carries; raises InvalidValue."""
    at = parsed_instant(text)
    try:
        return at + (timedelta(days=1) if len(text) == len("2026-05-01") else timedelta(milliseconds=1))
    except OverflowError:
        raise InvalidValue(f"{text[:40]!r} is not a time such as 2026-05-01T12:00:00Z") from None


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
    """The country, in the reader's language."""
    if code is None:
        return _NOTHING
    return locale().territories[code.upper()] if code in MARKETS else code
