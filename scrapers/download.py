"""How an address is fetched: Scrapy's own way, in its turn at the host, and not at all once a limited run has enough."""

import asyncio

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from listino.domain.politeness import REFUSALS, is_failure
from listino.live.budget import Outcome, Report, Slot
from listino.live.turns import HostBusy
from scrapers.hosts import host_of, put_back
from scrapers.market_spider import market_spider
from scrapers.trouble import NotNow, trouble

STEP = 1.0  # seconds between two looks whether the crawl goes on while a request waits for its turn
LONGEST_WAIT = 900.0  # a shop that says to wait longer is given up for this time; the next crawl comes within hours


class PoliteDownloadHandler(HTTP11DownloadHandler):
    """Sends each request in its turn at the host, and says afterwards how it went.

    A middleware would be too early: behind it requests still wait for their turn, and meanwhile a limited run may reach
    its limit, or the crawl be told to stop. Such a run is left alone by the retries of a shop in trouble, so it hears of
    trouble at each attempt.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._of = crawler

    async def download_request(self, request: Request) -> Response:
        """The shop's answer; raises NotNow beyond the limit or the end of the crawl, HostBusy where the host wants
        to be left alone for longer than we wait."""
        host, hosts = host_of(request), market_spider(self._of).hosts
        slot = await self._turn(request, host)
        report = Report(slot, Outcome.FAILED)
        try:
            response: Response = await super().download_request(request)
            told = response.headers.get("Retry-After")
            report = Report.of_answer(slot, response.status, told.decode("latin-1") if told else None)
        except Exception as error:
            self._attempted(request, trouble(error, request.url))
            raise
        finally:
            await hosts.give(host, report)
        refused = response.status in REFUSALS or is_failure(response.status)
        self._attempted(request, trouble(HttpError(response), request.url) if refused else None)
        return response

    async def _turn(self, request: Request, host: str) -> Slot:
        spider = market_spider(self._of)
        while True:
            if spider.run.enough:
                raise NotNow("the run has as many products as it may store")
            try:
                slot = await spider.hosts.take(host, patience=STEP)
            except HostBusy as busy:
                if busy.wait > LONGEST_WAIT:
                    self._of.stats.inc_value("listino/gave_up_waiting")
                    raise
                if not self._of.crawling:
                    put_back(self._of, request)
                    raise NotNow(f"{request.url} was not asked for: the crawl stops") from None
                await asyncio.sleep(min(busy.wait, STEP))
                continue
            if not spider.run.enough:
                return slot
            await spider.hosts.give(host, Report(slot, Outcome.UNSENT))

    def _attempted(self, request: Request, met: str | None) -> None:
        spider, shop = market_spider(self._of), request.cb_kwargs.get("shop")
        if shop is not None:
            spider.run.attempted(spider.shops[shop].name, met)
