from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from scrapers.middlewares import back_off
from scrapers.middlewares.back_off import (
    FIRST_WAIT,
    LONGEST_TOLD,
    LONGEST_WAIT,
    MOST_REFUSALS,
    BackOffMiddleware,
    StoppedWaiting,
    retry_after,
)

URL = "https://bottega.example/p/1"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        (b"", None),
        (b"0", 0),
        (b"120", 120),
        (b" 120 ", 120),
        (b"-5", None),
        (b"1.5", None),
        (b"soon", None),
        (b"Wed, 21 Oct 2015 07:28:00 GMT", 0),
        (b"Fri, 31 Dec 99999 23:59:59 GMT", None),
        (b"Wed, 99 Oct 2015 07:28:00 GMT", None),
        (b"\xff\xfe", None),
    ],
)
def test_what_a_retry_after_header_asks_for(header: bytes | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_a_date_to_come() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    seconds = retry_after(header.encode())
    assert seconds is not None
    assert 85 < seconds <= 90


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(back_off, "time", made)
    monkeypatch.setattr(back_off, "asyncio", SimpleNamespace(sleep=made.sleep))
    return made


@pytest.fixture
def middleware(crawler: Any) -> BackOffMiddleware:
    return BackOffMiddleware.from_crawler(crawler)


def refuse(
    middleware: BackOffMiddleware, request: Request, status: int = 429, header: str | None = None
) -> Request | Response:
    headers = {"Retry-After": header} if header else {}
    return middleware.process_response(request, Response(request.url, status=status, headers=headers))


async def waited(middleware: BackOffMiddleware, clock: Clock, url: str = URL) -> float:
    """How long a request to that address is held back."""
    before = clock.now
    await middleware.process_request(Request(url))
    return clock.now - before


async def test_nobody_waits_for_a_shop_that_refused_nothing(middleware: BackOffMiddleware, clock: Clock) -> None:
    assert await waited(middleware, clock) == 0
    answer = Response(URL, status=200)
    assert middleware.process_response(Request(URL), answer) is answer
    assert await waited(middleware, clock) == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_refusals_in_a_row_wait_longer_and_longer(
    status: int, middleware: BackOffMiddleware, clock: Clock, crawler: Any
) -> None:
    waits = []
    for _ in range(4):
        assert isinstance(refuse(middleware, Request(URL), status), Request)
        waits.append(await waited(middleware, clock))
    assert waits == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, 8 * FIRST_WAIT]
    assert crawler.stats == {"listino/told_to_wait": 4}


async def test_an_answer_ends_the_row(middleware: BackOffMiddleware, clock: Clock) -> None:
    for _ in range(3):
        refuse(middleware, Request(URL))
        await waited(middleware, clock)
    middleware.process_response(Request(URL), Response(URL, status=404))
    refuse(middleware, Request(URL))
    assert await waited(middleware, clock) == FIRST_WAIT


@pytest.mark.parametrize(("header", "wait"), [("7", 7), ("soon", FIRST_WAIT), ("0", FIRST_WAIT)])
async def test_the_shop_may_say_how_long(header: str, wait: float, middleware: BackOffMiddleware, clock: Clock) -> None:
    refuse(middleware, Request(URL), header=header)
    assert await waited(middleware, clock) == wait


def test_a_shop_that_says_to_wait_for_hours_is_given_up_for_now(middleware: BackOffMiddleware, crawler: Any) -> None:
    assert isinstance(refuse(middleware, Request(URL), header=str(int(LONGEST_TOLD) + 1)), Response)
    assert crawler.stats["listino/gave_up_waiting"] == 1


async def test_a_crawl_that_is_told_to_stop_waits_no_longer(middleware: BackOffMiddleware, crawler: Any) -> None:
    refuse(middleware, Request(URL), header="60")
    crawler.crawling = False
    with pytest.raises(StoppedWaiting):
        await middleware.process_request(Request(URL))


async def test_a_shorter_wait_does_not_undo_a_longer_one(middleware: BackOffMiddleware, clock: Clock) -> None:
    refuse(middleware, Request(URL), header="60")
    refuse(middleware, Request(URL), header="1")
    assert await waited(middleware, clock) == 60


async def test_no_wait_is_longer_than_the_longest(middleware: BackOffMiddleware, clock: Clock) -> None:
    for _ in range(30):
        refuse(middleware, Request(URL))
    assert await waited(middleware, clock) == LONGEST_WAIT


async def test_a_refusal_holds_back_that_shop_and_no_other(middleware: BackOffMiddleware, clock: Clock) -> None:
    refuse(middleware, Request(URL))
    assert await waited(middleware, clock, "https://cantina.example/p/1") == 0
    assert await waited(middleware, clock, "https://bottega.example/another") == FIRST_WAIT


async def test_a_refusal_while_waiting_is_waited_for_too(middleware: BackOffMiddleware, clock: Clock) -> None:
    refuse(middleware, Request(URL), header="5")
    asleep = clock.sleep

    async def sleep_and_be_refused(seconds: float) -> None:
        await asleep(seconds)
        if len(clock.slept) == 1:
            refuse(middleware, Request(URL), header="9")

    back_off.asyncio.sleep = sleep_and_be_refused  # type: ignore[assignment]
    assert await waited(middleware, clock) == 10


def test_a_request_that_is_refused_again_and_again_is_given_up(
    middleware: BackOffMiddleware, clock: Clock, crawler: Any
) -> None:
    request = Request(URL, priority=5)
    for number in range(1, MOST_REFUSALS + 1):
        again = refuse(middleware, request)
        assert isinstance(again, Request)
        assert (again.meta["refused"], again.priority, again.dont_filter) == (number, 5 - number, True)
        request = again
    answer = refuse(middleware, request)
    assert isinstance(answer, Response)
    assert answer.status == 429
    assert crawler.stats == {"listino/told_to_wait": MOST_REFUSALS, "listino/gave_up_waiting": 1}
