"""429 and 503: stop asking that shop for as long as it says, or for longer and longer if it does not say.

Scrapy by itself retries at once, which makes an overloaded shop's day worse. RFC 9110 (section 10.2.3) defines
Retry-After as seconds or as a date.
"""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

_TOLD_TO_WAIT = (429, 503)
FIRST_WAIT = 1.0  # seconds; doubled with every refusal in a row
LONGEST_WAIT = 300.0
LONGEST_TOLD = 900.0  # a shop that says to wait longer is given up for this time; the next crawl comes within hours
STEP = 1.0
MOST_REFUSALS = 8  # of one request, before it is given up


class StoppedWaiting(Exception):
    """Raised for a request that waits while the crawl is told to stop: it fails, and with it the shop is not seen whole."""


class BackOffMiddleware:
    """Holds back all requests to a shop that refused one; counters `listino/told_to_wait` and `listino/gave_up_waiting`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._not_before: dict[str, float] = {}
        self._refusals: dict[str, int] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        host = _host(request)
        # In short steps: another refusal may come meanwhile, or the spider be told to stop.
        while (wait := self._not_before.get(host, 0.0) - time.monotonic()) > 0:
            if not self._crawler.crawling:
                raise StoppedWaiting(f"{request.url} was not asked for: its shop had said to wait, and the crawl stops")
            await asyncio.sleep(min(wait, STEP))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        host = _host(request)
        if response.status not in _TOLD_TO_WAIT:
            self._refusals.pop(host, None)
            return response
        refused = request.meta.get("refused", 0) + 1
        if refused > MOST_REFUSALS:
            self._crawler.stats.inc_value("listino/gave_up_waiting")
            return response
        in_a_row = self._refusals[host] = self._refusals.get(host, 0) + 1
        told = retry_after(response.headers.get("Retry-After"))
        if told is not None and told > LONGEST_TOLD:
            self._crawler.stats.inc_value("listino/gave_up_waiting")
            return response
        wait = told or min(FIRST_WAIT * 2 ** min(in_a_row - 1, 10), LONGEST_WAIT)
        self._not_before[host] = max(self._not_before.get(host, 0.0), time.monotonic() + wait)
        self._crawler.stats.inc_value("listino/told_to_wait")
        again: Request = request.replace(dont_filter=True, priority=request.priority - 1)
        again.meta["refused"] = refused
        return again


def retry_after(header: bytes | None) -> float | None:
    """The seconds a Retry-After header asks for; None where there is none or it cannot be read."""
    text = (header or b"").decode("latin-1").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _host(request: Request) -> str:
    slot = request.meta.get("download_slot")
    return slot if isinstance(slot, str) else request.url.split("/", 3)[2]
