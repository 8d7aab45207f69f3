"""How an address is fetched: Scrapy's own way, but for what a limited run needs to know and to keep from sending."""

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from scrapers.market_spider import market_spider
from scrapers.trouble import trouble

_REFUSING = 500  # this status and above, and the one below
_TOO_MANY = 429


class LimitedDownloadHandler(HTTP11DownloadHandler):
    """Sends nothing more once a limited run has reached its limit.

    A middleware would be too early: behind it requests still wait for their turn at the shop. The limit also ends the
    retries of a shop in trouble before it is given up, so the run hears of trouble at each attempt.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._of = crawler

    async def download_request(self, request: Request) -> Response:
        """The shop's answer; raises IgnoreRequest beyond the limit."""
        if market_spider(self._of).run.enough:
            raise IgnoreRequest("the run has as many products as it may store")
        try:
            response: Response = await super().download_request(request)
        except Exception as error:
            self._attempted(request, trouble(error, request.url))
            raise
        refused = response.status >= _REFUSING or response.status == _TOO_MANY
        self._attempted(request, trouble(HttpError(response), request.url) if refused else None)
        return response

    def _attempted(self, request: Request, met: str | None) -> None:
        spider, shop = market_spider(self._of), request.cb_kwargs.get("shop")
        if shop is not None:  # robots.txt is asked for by Scrapy itself
            spider.run.attempted(spider.shops[shop].name, met)
