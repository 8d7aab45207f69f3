"""429 and 503: what was refused is asked for again, in its turn. How long that is, the host's budget decides."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from listino.domain.politeness import REFUSALS

MOST_REFUSALS = 8  # of one request, before it is given up


class BackOffMiddleware:
    """Scrapy by itself retries at once. Counters `listino/told_to_wait` and `listino/gave_up_waiting`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        if response.status not in REFUSALS:
            return response
        refused = request.meta.get("refused", 0) + 1
        if refused > request.meta.get("most_refusals", MOST_REFUSALS):
            self._crawler.stats.inc_value("listino/gave_up_waiting")
            return response
        self._crawler.stats.inc_value("listino/told_to_wait")
        again: Request = request.replace(dont_filter=True, priority=request.priority - 1)
        again.meta["refused"] = refused
        return again
