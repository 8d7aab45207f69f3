"""When crawls start by the clock, and choosing other times."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backoffice import trail
from backoffice.engines import engines
from listino.domain.audit import StaffAction
from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue
from listino.domain.market import market_of
from listino.domain.schedule import DECLARED, Planned, Times, in_force


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the schedule: what is planned, and when it starts next; None where it is switched off."""

    planned: Planned
    next_at: datetime | None

    @property
    def is_declared(self) -> bool:
        return self.planned.by is None


def entries() -> list[Entry]:
    """The whole schedule that is in force, markets first."""
    now = utc_now()
    return [
        Entry(planned, planned.times.next_after(now))
        for planned in in_force(engines().store.crawl_times.all()).values()
    ]


def entry(key: str) -> Entry | None:
    """Of a market (`it`) or a shop (`it:bottega`); None where a shop has no times of its own."""
    planned = engines().store.crawl_times.get(key) or DECLARED.get(key)
    return Entry(planned, planned.times.next_after(utc_now())) if planned else None


def next_of_shop(plan: list[Entry], key: str) -> datetime | None:
    """When the shop is crawled next: with its market, or alone."""
    market = key.partition(":")[0]
    times = [one.next_at for one in plan if one.planned.key in (market, key) and one.next_at is not None]
    return min(times, default=None)


def choose(key: str, times: Times, *, by: str) -> Entry:
    """From now on the market, or the shop alone, is crawled at these times; raises UnknownMarket, UnknownShop, InvalidShop."""
    _demand(key)
    before = entry(key)
    at = utc_now()
    engines().store.crawl_times.choose(key, times, by=by, at=at)
    trail.record(
        StaffAction.SCHEDULE_CHANGED,
        f"schedule:{key}",
        by=by,
        before=_told(before.planned.times if before else None),
        after=_told(times),
    )
    return Entry(Planned(key=key, times=times, by=by, at=at), times.next_after(at))


def forget(key: str, *, by: str) -> bool:
    """Back to the declared times, of which a shop has none; False where they were in force."""
    before = entry(key)
    if not engines().store.crawl_times.forget(key):
        return False
    declared = DECLARED.get(key)
    trail.record(
        StaffAction.SCHEDULE_CHANGED,
        f"schedule:{key}",
        by=by,
        before=_told(before.planned.times if before else None),
        after=_told(declared.times if declared else None),
    )
    return True


def times_from(every_hours: str, clock: str, active: bool) -> Times:
    """Times from what somebody typed, `6` and `00:15`; raises InvalidValue."""
    hour, colon, minute = clock.partition(":")
    if not every_hours.isdecimal() or not (colon and hour.isdecimal() and minute.isdecimal()):
        raise InvalidValue(f"'{clock[:20]}' is no time of the day such as 00:15")
    if int(hour[:9]) > 23 or int(minute[:9]) > 59:
        raise InvalidValue(f"'{clock[:20]}' is no time of the day such as 00:15")
    return Times(int(every_hours[:9]), 60 * int(hour) + int(minute), active)


def _demand(key: str) -> None:
    market, _, shop = key.partition(":")
    market_of(market)
    if shop:
        engines().shops.now().of_market(market, shop)


def _told(times: Times | None) -> dict[str, Any]:
    if times is None:
        return {"times": "none"}
    return {"every_hours": times.every_hours, "from": times.clock, "active": times.active}
