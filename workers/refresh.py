"""A live refresh: ask the shop for a product, or for several at once, price them, store them, say what to tell."""

import asyncio
import time
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

import httpx2
import structlog

from listino.domain.clock import utc_now
from listino.domain.errors import GoneFromShop, ListinoError, UnreadablePage
from listino.domain.listing import reoffer, unsellable
from listino.domain.offer import ShopOffer
from listino.domain.product import Product, ProductId, key_parts
from listino.live.answer import LiveAnswer, Reason
from listino.live.legs import ServerClock
from listino.live.together import Together
from listino.live.turns import HostBusy
from listino.shops.platform import Fetch, Known, Page, Platform, Refresh, Told
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import Shop
from listino.store.client import Store
from listino.store.outage import UNAVAILABLE, Contended, time_limit
from workers.client import Answer, ShopClient
from workers.hosts import Hosts
from workers.inquiry import Inquiry, Outcome
from workers.refusal import BROKEN_OFF, Refused, is_in_passing, is_not_as_asked

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

# For what is asked of MongoDB at a time, and for all of one write: so that a MongoDB that hangs is a reason in the answer.
STORE_SECONDS = 5.0

_MOST_BYTES = 8 * 1024 * 1024  # of one answer; product pages average 600 kB
_MOST_KEPT = 50  # products in one write of the store


class Look(NamedTuple):
    """A product as its shop shows it now, and as it was stored before the shop was asked."""

    fresh: Product
    before: Product


async def _nothing(product_ids: Sequence[str]) -> Mapping[str, Product]:
    return {}


@dataclass(frozen=True, slots=True)
class Refresher:
    """Refreshes products of one shop. Never raises: every way it can go wrong is a reason in an answer.

    `seconds`: how long the shop has for the whole of an answer, once its turn has come. `asked_again` hears the first
    product of every request that is sent a second time; `kept` gives products that need not be read from the store.
    """

    shop: Shop
    client: ShopClient
    hosts: Hosts
    store: Store
    seconds: float
    clock: ServerClock = field(default_factory=ServerClock)
    asked_again: Callable[[str], None] = lambda _: None
    kept: Callable[[Sequence[str]], Awaitable[Mapping[str, Product]]] = _nothing
    _kept: Together[Look, LiveAnswer | Exception] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # What is told while the store is at work is stored with the next: more at a time, the more there is to do.
        object.__setattr__(self, "_kept", Together(self._keep, most=_MOST_KEPT))

    @property
    def batch(self) -> int:
        """How many products one request can ask for."""
        return self._platform.batch

    @property
    def _platform(self) -> Platform:
        return PLATFORMS[self.shop.platform]

    async def prepare(self, product_ids: Sequence[str]) -> Outcome:
        """The requests that tell the offers of these products; answers for those that nothing can be asked about."""

        async def look_up() -> Outcome:
            found: dict[ProductId, Product] = dict((await self.kept(product_ids)).items())
            if unknown := [key for key in product_ids if key not in found]:
                found |= await _within_limit(asyncio.to_thread(self.store.products.among, unknown))
            products = {unquote(key_parts(key)[2]): found[key] for key in product_ids if key in found}
            missing = [_without_price(key, Reason.NO_SHOP) for key in product_ids if key not in found]
            return Outcome(missing, self._inquiries(products))

        outcome = await self._outcome(look_up, product_ids)
        if outcome.errors and len(product_ids) > 1:
            # One of them that we cannot even read must not keep the others from being asked for.
            alone = [await self.prepare([product_id]) for product_id in product_ids]
            return Outcome(
                list(chain.from_iterable(one.answers for one in alone)),
                list(chain.from_iterable(one.open for one in alone)),
                errors=dict(ChainMap(*(dict(one.errors) for one in alone))),
            )
        return outcome

    async def ask(self, inquiry: Inquiry, *, probing: bool = False) -> Outcome:
        """Asks the shop and stores what it says; an answer holds the shopper's price, or why there is none.

        A request for several that the shop cannot answer as such, or over which we fail, is asked again for each of them;
        one that failed in passing, once more as it is, if there is time. `probing`: see workers.hosts; a probe has one attempt.
        """
        began = time.perf_counter()
        several = len(inquiry.products) > 1
        outcome = await self._outcome(lambda: self._ask(inquiry, several=several, probing=probing), inquiry.product_ids)
        if outcome.errors and several:
            return Outcome(open=[one.after(inquiry) for one in self._alone(inquiry)])
        ms = round((time.perf_counter() - began) * 1000, 1)
        for answer in outcome.answers:
            log.info(
                "live.refreshed",
                product_id=answer.product_id,
                reason=answer.reason,
                ms=ms,
                asked=len(inquiry.products),
                attempts=inquiry.attempts,
            )
        legs = self.clock.legs(inquiry.times)
        return replace(
            outcome,
            answers=[replace(answer, legs=legs) for answer in outcome.answers],
            open=[one.after(inquiry) for one in outcome.open],
        )

    def _inquiries(self, products: Mapping[str, Product]) -> list[Inquiry]:
        known = [_known(sku, product) for sku, product in products.items()]
        return [Inquiry.of(refresh, products) for refresh in self._platform.refresh_many(self.shop, known)]

    async def _outcome(self, work: Callable[[], Awaitable[Outcome]], product_ids: Sequence[str]) -> Outcome:
        details: dict[str, Any] = {}
        heard, mistake = None, ""
        try:
            return await work()
        except TimeoutError:
            reason, heard, details = Reason.SHOP_SILENT, False, {"error": f"no whole answer in {self.seconds} s"}
        except Refused as refusal:
            reason, heard, details = Reason.SHOP_REFUSED, refusal.heard, {"said": str(refusal)}
        except HostBusy as busy:
            reason, details = Reason.SHOP_BUSY, {"said": str(busy)}
        except httpx2.HTTPError as error:
            reason, heard, details = Reason.SHOP_SILENT, False, {"error": repr(error)}
        except ListinoError as error:
            reason, heard, details = Reason.UNREADABLE, True, {"error": str(error)}
        except UNAVAILABLE as error:
            reason, details = Reason.FAILED, {"error": str(error)}
        except Exception as error:
            log.exception("live.failed", product_ids=product_ids)
            reason, mistake = Reason.FAILED, repr(error)
        answers = [_without_price(product_id, reason, **details) for product_id in product_ids]
        return Outcome(answers, heard=heard, errors=dict.fromkeys(product_ids, mistake) if mistake else {})

    def _alone(self, inquiry: Inquiry) -> list[Inquiry]:
        alone = [self._inquiries({sku: product}) for sku, product in inquiry.products.items()]
        return list(chain.from_iterable(alone))

    async def _ask(self, inquiry: Inquiry, *, several: bool, probing: bool) -> Outcome:
        try:
            page = await self._fetch(inquiry, several=several, probing=probing)
            told = self._platform.read_offers(self.shop, inquiry.refresh, page)
        except GoneFromShop as good_bye:
            told = dict.fromkeys(inquiry.products, good_bye)
        except (Refused, UnreadablePage, *BROKEN_OFF) as error:
            if inquiry.may_be_repeated and not probing and is_in_passing(error):
                log.info("live.asked_again", product_ids=inquiry.product_ids, error=repr(error))
                # The breaker hears of each attempt: a shop that is down is known to be with half as many products.
                return Outcome(open=[inquiry.again()], heard=False)
            if not several or not is_not_as_asked(error):
                raise
            log.info("live.asked_alone", shop=self.shop.key, products=len(inquiry.products), error=str(error))
            return Outcome(open=self._alone(inquiry), heard=True)
        return replace(await self._heed(inquiry, told), heard=True)

    async def _fetch(self, inquiry: Inquiry, *, several: bool, probing: bool) -> Page:
        fetch, times = inquiry.refresh.fetch, inquiry.times
        if not self.shop.allows(fetch.url):
            raise UnreadablePage(f"{fetch.url} is not on {self.shop.host}, the host that {self.shop.key} declares")
        robots = await self.hosts.rules(self.shop)
        if self.hosts.forbids(robots, fetch.url):
            raise Refused(robots.trouble or f"its robots.txt forbids {fetch.url}")
        async with self.hosts.turn(self.shop, robots, probing=probing) as turn, asyncio.timeout(self.seconds):
            times.note("asked")
            if inquiry.is_again:
                self.asked_again(inquiry.product_ids[0])
            try:
                answer = await self.client.ask(
                    fetch.method, fetch.url, turn.answered, most=_MOST_BYTES, headers=fetch.headers, body=fetch.body
                )
            finally:
                times.note("answered")
        return self._page(fetch, answer, several=several)

    def _page(self, fetch: Fetch, answer: Answer, *, several: bool) -> Page:
        if len(answer.body) > _MOST_BYTES:
            raise UnreadablePage(f"{fetch.url} answers with more than {_MOST_BYTES} bytes")
        if not several and self._platform.says_gone(fetch, answer.status, answer.body):
            raise GoneFromShop(f"{fetch.url} answered {answer.status}")
        if answer.status != httpx2.codes.OK:
            raise Refused(f"{fetch.url} answered {answer.status}", answer.status)
        return Page(url=fetch.url, body=answer.body, headers=dict(answer.headers))

    async def _heed(self, inquiry: Inquiry, told: Mapping[str, Told]) -> Outcome:
        """Stores what the shop told of each product, all at once."""
        outcome, at, fresh = Outcome(), utc_now(), []
        gone: dict[str, str] = {}
        for one in inquiry.refresh.known:
            product, said = inquiry.products[one.sku], told[one.sku]
            try:
                match said:
                    case Fetch():
                        outcome.open.append(Inquiry.of(Refresh(fetch=said, known=(one,)), inquiry.products))
                    case ListinoError():
                        raise said
                    case _:
                        if complaint := unsellable(said, self.shop.market):
                            raise UnreadablePage(f"{inquiry.refresh.fetch.url}: {complaint[0]}, {complaint[1]}")
                        fresh.append(Look(self._reoffered(product, said, at), product))
            except GoneFromShop as good_bye:
                gone[str(product.id)] = str(good_bye)
            except ListinoError as error:
                outcome.answers.append(_without_price(str(product.id), Reason.UNREADABLE, error=str(error)))
        if gone:
            await _within_limit(asyncio.to_thread(self.store.products.mark_gone, list(gone), at))
        outcome.answers.extend(_without_price(key, Reason.GONE, said=said) for key, said in gone.items())
        if fresh:
            for look, answer in zip(fresh, await self._kept.ask(fresh), strict=True):
                if isinstance(answer, Contended):
                    outcome.answers.append(_without_price(str(look.fresh.id), Reason.FAILED, error=str(answer)))
                elif isinstance(answer, Exception):
                    raise answer
                else:
                    outcome.answers.append(answer)
        if gone or fresh:
            inquiry.times.note("stored")
        return outcome

    async def _keep(self, looks: Sequence[Look], *, again: bool = False) -> list[LiveAnswer | Exception]:
        """Stores the products; one over which we fail, or that others store all the time, must not keep the rest from it."""
        # Of what was stored in part nobody knows how it is now.
        known = {} if again else {look.before.id: look.before for look in looks}
        try:
            return list(await _within_limit(self._stored([look.fresh for look in looks], known)))
        except Exception as error:
            if isinstance(error, UNAVAILABLE) and not isinstance(error, Contended):
                raise
            if len(looks) == 1:
                return [error]
            return list(chain.from_iterable([await self._keep([look], again=True) for look in looks]))

    async def _stored(self, fresh: Sequence[Product], known: Mapping[ProductId, Product]) -> list[LiveAnswer]:
        """Stores the products; of one whose price is held the answer tells the stock alone."""
        plan = await self.store.products.refresh(fresh, terms=self.shop.terms, known=known)
        held = {*plan.held, *plan.declined}
        return [_without_its_price(product) if product.id in held else _with_price(product) for product in fresh]

    def _reoffered(self, product: Product, offer: ShopOffer, at: datetime) -> Product:
        fresh = reoffer(product, offer, self.shop.terms, at=at)
        # What a crawl has read said something else then: the next one must not take that for unchanged.
        return fresh if fresh.content_hash == product.content_hash else replace(fresh, reading=None)


def _known(sku: str, product: Product) -> Known:
    return Known(sku=sku, url=product.url or "", variants=sum(len(style.skus) for style in product.styles))


async def _within_limit(asking: Awaitable[Result]) -> Result:
    """What the store answers; raises one of UNAVAILABLE after STORE_SECONDS."""
    with time_limit(STORE_SECONDS):
        return await asking


def _with_price(product: Product) -> LiveAnswer:
    return LiveAnswer(
        product_id=product.id,
        as_of=product.offer.checked_at if product.offer else utc_now(),
        price=product.price.amount if product.price else None,
        availability=product.offer.availability if product.offer else None,
    )


def _without_its_price(product: Product) -> LiveAnswer:
    held = _without_price(str(product.id), Reason.HELD)
    return replace(held, availability=product.offer.availability if product.offer else None)


def _without_price(product_id: str, reason: Reason, **details: Any) -> LiveAnswer:
    log.info("live.no_price", product_id=product_id, reason=reason, **details)
    return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=reason)
