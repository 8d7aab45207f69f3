"""Coming back to a shop: what it need not be asked for again, and what it may answer with "not modified".

A product whose sitemap entry is older than our last reading is not fetched at all; any other that was read before is asked
for on condition that it has changed (RFC 9110, section 13). Either way it was met, and that is noted.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from listino.domain.clock import utc_now
from listino.domain.product import ProductId, Reading, reading_key
from listino.shops.platform import Fetch
from listino.shops.reader import reader_of
from listino.shops.shop import Shop
from listino.store.aio import AsyncStore, KeptReading
from listino.store.outage import UNAVAILABLE, time_limit
from scrapers.run import CrawlRun

log = logging.getLogger(__name__)

_MARGIN = timedelta(minutes=5)  # by which the clocks of a shop and of ours may differ
_MOST_AT_ONCE = 500  # products noted in one write
_STORE_SECONDS = 20.0
_LONGEST_MARK = 200  # characters of an ETag; a longer one is not worth its place in every product


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known before an address is asked for: the product, and under which conditions it is worth an answer."""

    product_id: ProductId | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)


class Revisits:
    """One run's. With `full` it takes nothing for unchanged. Open it before its methods are called."""

    def __init__(self, run: CrawlRun, *, full: bool) -> None:
        self._run = run
        self._full = full
        self._skipped: set[int] = set()
        self._met: dict[bool, list[tuple[ProductId, datetime]]] = {True: [], False: []}
        self._gone: dict[str, list[ProductId]] = {}

    def open(self, store: AsyncStore) -> None:
        self._products = store.products

    async def plan(self, shop: Shop, fetches: Sequence[Fetch]) -> list[tuple[Fetch, Visit]]:
        """The fetches that are to be made, and how; the products of all others are noted as met."""
        kept = await self._kept(shop, fetches)
        planned: list[tuple[Fetch, Visit]] = []
        for fetch in fetches:
            key = _key(shop, fetch)
            known = kept.get(key)
            if known is None or self._full or known.gone or known.reading.reader != reader_of(shop, utc_now().date()):
                planned.append((fetch, Visit(known.product_id if known else None)))
            elif known.crawl_id == self._run.id or key in self._skipped:
                continue  # this very run has met it: before it was stopped, or in another sitemap
            elif _is_unchanged(shop, fetch, known.reading):
                self._skipped.add(key)
                self.met(shop, known.product_id, asked=False)
            else:
                planned.append((fetch, Visit(known.product_id, _conditions(known.reading))))
        return planned

    def met(self, shop: Shop, product_id: ProductId, *, asked: bool) -> None:
        """Notes a product that has not changed, as of now; call it when the shop has answered."""
        self._met[asked].append((product_id, utc_now()))
        self._run.met_unchanged(shop.name, asked=asked)

    def gone(self, shop: Shop, product_id: ProductId) -> None:
        """Notes a product of which the shop itself says that it is gone. It is counted when it is stored."""
        self._gone.setdefault(shop.name, []).append(product_id)

    async def flush(self) -> None:
        """Stores what was noted; raises one of UNAVAILABLE, and then nothing of it is lost."""
        for asked, noted in self._met.items():
            while noted:
                part = noted[:_MOST_AT_ONCE]
                with time_limit(_STORE_SECONDS):
                    await self._products.mark_met(dict(part), crawl_id=self._run.id, asked=asked)
                del noted[: len(part)]
        for shop, gone in list(self._gone.items()):  # the spider may add a shop while one is written
            while gone:
                ids = gone[:_MOST_AT_ONCE]
                with time_limit(_STORE_SECONDS):
                    self._run.gone(shop, await self._products.mark_gone(ids, utc_now()))
                del gone[: len(ids)]

    async def _kept(self, shop: Shop, fetches: Sequence[Fetch]) -> dict[int, KeptReading]:
        keys = [_key(shop, fetch) for fetch in fetches if fetch.alone]
        if not keys:
            return {}
        try:
            with time_limit(_STORE_SECONDS):
                return await self._products.readings(shop.market.code, shop.name, keys)
        except UNAVAILABLE as error:
            log.warning("the store is away, %d products of %s are read in full: %s", len(keys), shop.key, error)
            return {}


def reading_of(shop: Shop, fetch: Fetch, headers: Mapping[str, str], asked_at: datetime) -> Reading | None:
    """The reading to keep of an answer, whose header names are in lower case; None where it does not stand alone."""
    if not fetch.alone:
        return None
    etag, modified = headers.get("etag"), headers.get("last-modified")
    etag = etag if etag and len(etag) <= _LONGEST_MARK else None
    return Reading(
        key=_key(shop, fetch),
        reader=reader_of(shop, asked_at.date()),
        read_at=asked_at,
        etag=etag,
        modified=modified if etag is None and modified and len(modified) <= _LONGEST_MARK else None,
    )


def _is_unchanged(shop: Shop, fetch: Fetch, reading: Reading) -> bool:
    if fetch.lastmod is None or fetch.lastmod + _MARGIN >= reading.read_at:
        return False
    return utc_now() - reading.read_at < timedelta(hours=shop.crawl.revisit_hours)


def _conditions(reading: Reading) -> dict[str, str]:
    if reading.etag is not None:
        return {"If-None-Match": reading.etag}
    return {"If-Modified-Since": reading.modified} if reading.modified is not None else {}


def _key(shop: Shop, fetch: Fetch) -> int:
    return reading_key(shop.market.code, shop.name, fetch.url)
