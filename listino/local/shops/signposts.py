"""What a shop tells robots: robots.txt, and a sitemap index whose parts are gzip files of at most a hundred addresses."""

import gzip
from html import escape
from math import ceil

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listino.local.shops.answers import answer
from listino.local.shops.platform import Platform

ADDRESSES_A_PART = 100
CRAWL_DELAY = 0.02  # seconds
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Signposts:
    """The sitemap names the categories, the goods for sale, and still the withdrawn and vanished ones, as real ones do."""

    def __init__(self, platform: Platform, crawl_delay: float = CRAWL_DELAY) -> None:
        self._platform = platform
        self._crawl_delay = crawl_delay
        self._catalogue = platform.catalogue

    def routes(self) -> list[Route]:
        return [
            Route("/robots.txt", self.robots),
            Route("/sitemap.xml", self.index),
            Route("/sitemap-{part:int}.xml.gz", self.part),
        ]

    async def robots(self, request: Request) -> Response:
        front = self._platform.front
        lines = (
            "User-agent: *",
            f"Disallow: {front.forbidden}",
            f"Disallow: {front.trap}",
            f"Crawl-delay: {self._crawl_delay}",
            "",
            f"Sitemap: {self._catalogue.base_url}/sitemap.xml",
            "",
        )
        return answer(request, "\n".join(lines).encode(), "text/plain; charset=utf-8")

    async def index(self, request: Request) -> Response:
        base = self._catalogue.base_url
        parts = range(1, ceil(len(self._places()) / ADDRESSES_A_PART) + 1)
        entries = "".join(f"<sitemap><loc>{base}/sitemap-{part}.xml.gz</loc></sitemap>\n" for part in parts)
        xml = f'{_DECLARATION}<sitemapindex xmlns="{_NAMESPACE}">\n{entries}</sitemapindex>\n'
        return answer(request, xml.encode(), "application/xml; charset=utf-8")

    async def part(self, request: Request) -> Response:
        number = request.path_params["part"]
        places = self._places()[(number - 1) * ADDRESSES_A_PART : number * ADDRESSES_A_PART] if number >= 1 else []
        if not places:
            return self._platform.not_found(request)
        entries = "".join(map(self._entry, places))
        xml = f'{_DECLARATION}<urlset xmlns="{_NAMESPACE}">\n{entries}</urlset>\n'
        return answer(request, gzip.compress(xml.encode(), compresslevel=6, mtime=0), "application/gzip")

    def _places(self) -> list[int | str]:
        """Category codes and goods' indexes in the sitemap's order; withdrawn goods first, as they are the oldest."""
        indexes = sorted({*self._catalogue.gone(), *self._catalogue.live()})
        return [*self._platform.slugs, *indexes]

    def _entry(self, place: int | str) -> str:
        base = self._catalogue.base_url
        if isinstance(place, str):
            return f"<url><loc>{escape(base + self._platform.category_path(place))}</loc></url>\n"
        article = self._catalogue.article(place)
        location = escape(base + self._platform.front.address(article.good))
        return (
            f"<url><loc>{location}</loc><lastmod>{article.changed_at.isoformat(timespec='seconds')}</lastmod></url>\n"
        )
