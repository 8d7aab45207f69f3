"""One live refresh: ask the shop for a product, price it, store it, tell who waits."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

import httpx
import structlog

from listino.domain.clock import utc_now
from listino.domain.errors import GoneFromShop, ListinoError, ProductNotFound, UnreadablePage
from listino.domain.listing import reoffer, unsellable
from listino.domain.offer import ShopOffer
from listino.domain.product import Product, key_parts
from listino.live.answer import LiveAnswer, Reason
from listino.shops.platform import Known, Page, Platform
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import Shop
from listino.store.client import Store
from listino.store.outage import UNAVAILABLE, time_limit

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

# For each question to MongoDB, of which a refresh has two: together with the shop's time well below the time limit of the
# job (listino.jobs.DRAIN_SECONDS), so that a MongoDB that hangs is a reason in the answer and no job cut short.
STORE_SECONDS = 5.0

_MOST_BYTES = 8 * 1024 * 1024  # of one answer; product pages average 600 kB


@dataclass(frozen=True, slots=True)
class Refresher:
    """Refreshes products of one shop. Never raises: every way it can go wrong is a reason in the answer.

    `seconds`: how long the shop has for the whole of an answer.
    """

    shop: Shop
    client: httpx.AsyncClient
    store: Store
    seconds: float

    async def refresh(self, product_id: str) -> LiveAnswer:
        """Asks the shop and stores what it says; the answer holds the shopper's price, or why there is none."""
        began = time.perf_counter()
        answer = await self._answer(product_id)
        log.info(
            "live.refreshed",
            product_id=product_id,
            reason=answer.reason,
            ms=round((time.perf_counter() - began) * 1000, 1),
        )
        return answer

    async def _answer(self, product_id: str) -> LiveAnswer:
        try:
            product = await _within_limit(self.store.products.get, product_id)
            try:
                async with asyncio.timeout(self.seconds):
                    offer = await self._ask(product)
            except GoneFromShop as good_bye:
                await _within_limit(self.store.products.mark_gone, [product_id], utc_now())
                return _without_price(product_id, Reason.GONE, said=str(good_bye))
            return await _within_limit(self._keep, product, offer)
        except TimeoutError:
            return _without_price(product_id, Reason.SHOP_SILENT, error=f"no whole answer in {self.seconds} s")
        except ProductNotFound:
            return _without_price(product_id, Reason.NO_SHOP)
        except _Refused as refusal:
            return _without_price(product_id, Reason.SHOP_REFUSED, status=refusal.status)
        except httpx.HTTPError as error:
            return _without_price(product_id, Reason.SHOP_SILENT, error=repr(error))
        except ListinoError as error:
            return _without_price(product_id, Reason.UNREADABLE, error=str(error))
        except UNAVAILABLE as error:
            return _without_price(product_id, Reason.FAILED, error=str(error))
        except Exception:
            log.exception("live.failed", product_id=product_id)
            return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=Reason.FAILED)

    async def _ask(self, product: Product) -> ShopOffer:
        platform = PLATFORMS[self.shop.platform]
        _, _, sku = key_parts(str(product.id))
        varies = sum(len(style.skus) for style in product.styles) > 1
        known = Known(sku=unquote(sku), url=product.url or "", varies=varies)
        fetch = platform.refresh(self.shop, known)
        if not self.shop.allows(fetch.url):
            raise UnreadablePage(f"{fetch.url} is not on {self.shop.host}, the host that {self.shop.key} declares")
        offer = platform.read_offer(self.shop, known, await self._fetch(platform, fetch.url))
        if complaint := unsellable(offer, self.shop.market):
            raise UnreadablePage(f"{fetch.url}: {complaint[0]}, {complaint[1]}")
        return offer

    async def _fetch(self, platform: Platform, url: str) -> Page:
        async with self.client.stream("GET", url) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise UnreadablePage(f"{url} answers with more than {_MOST_BYTES} bytes")
            if platform.says_gone(response.status_code, bytes(body)):
                raise GoneFromShop(f"{url} answered {response.status_code}")
            if response.status_code != httpx.codes.OK:
                raise _Refused(response.status_code)
            return Page(url=url, body=bytes(body), headers=dict(response.headers))

    def _keep(self, product: Product, offer: ShopOffer) -> LiveAnswer:
        fresh = reoffer(product, offer, self.shop.terms, at=utc_now())
        self.store.products.upsert([fresh])
        return LiveAnswer(
            product_id=product.id,
            as_of=fresh.offer.checked_at if fresh.offer else utc_now(),
            price=fresh.price.amount if fresh.price else None,
            availability=fresh.offer.availability if fresh.offer else None,
        )


async def _within_limit(ask: Callable[..., Result], *args: Any) -> Result:
    """What the store answers; raises one of UNAVAILABLE after STORE_SECONDS."""
    with time_limit(STORE_SECONDS):
        return await asyncio.to_thread(ask, *args)


class _Refused(Exception):
    """The shop answered with a status that is neither a page nor a good-bye."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _without_price(product_id: str, reason: Reason, **details: Any) -> LiveAnswer:
    log.info("live.no_price", product_id=product_id, reason=reason, **details)
    return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=reason)
