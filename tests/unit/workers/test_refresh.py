"""One live refresh against a shop and a store that are none: every way it can go has its answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx2
import orjson
import pytest
from pymongo.errors import ConnectionFailure

import workers.refresh
from listino.domain.listing import Terms
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.plausibility import doubts_of
from listino.domain.politeness import Allowance
from listino.domain.product import Product, ProductId
from listino.live.answer import LiveAnswer, Reason
from listino.live.budget import Outcome, Report, Slot
from listino.live.rules import Rules
from listino.live.turns import HostBusy
from listino.shops.shop import PlatformOptions, Shop
from listino.store.outage import Contended
from listino.store.upsert import UpsertPlan
from workers.client import ShopClient
from workers.hosts import Hosts
from workers.inquiry import SECOND_WITHIN_SECONDS
from workers.refresh import Refresher

ID = "it:bottega:8411"
PRICES = {"price": "3000", "regular_price": "3000", "currency_code": "EUR", "currency_minor_unit": 2}
VARIATIONS = [
    {"id": 1, "sku": "R-S", "variation": "Colore: Rosso, Taglia: S", "prices": PRICES, "is_in_stock": False},
    {"id": 2, "sku": "R-M", "variation": "Colore: Rosso, Taglia: M", "prices": PRICES, "is_in_stock": False},
]


class Products:
    """What the refresher asks of the store."""

    def __init__(self, stored: Sequence[Product] | Exception) -> None:
        self.stored = stored
        self.kept: list[Product] = []
        self.gone: list[str] = []

    def among(self, product_ids: Sequence[str]) -> dict[str, Product]:
        if isinstance(self.stored, Exception):
            raise self.stored
        return {str(product.id): product for product in self.stored if product.id in product_ids}

    async def refresh(self, seen: Sequence[Product], *, terms: Terms, known: Mapping[ProductId, Product]) -> UpsertPlan:
        assert known in (self.among([str(product.id) for product in seen]), {}), (
            "as they were read before, or once more"
        )
        plan = UpsertPlan()
        before = self.among([str(product.id) for product in seen])
        for product in seen:
            believed = not doubts_of(product, before[str(product.id)], terms.plausibility)
            (self.kept if believed else plan.held).append(product if believed else product.id)  # type: ignore[arg-type]
        return plan

    def mark_gone(self, product_ids: Iterable[str], at: object) -> int:
        self.gone += product_ids
        return len(self.gone)


class Stored:
    def __init__(self, stored: Sequence[Product] | Exception) -> None:
        self.products = Products(stored)


Answers = Callable[[httpx2.Request], httpx2.Response]


class Turns:
    """Turns at hosts that are free, or not, and whose rules somebody has read, or nobody."""

    def __init__(self, rules: Rules | None = None, busy: bool = False) -> None:
        self.known = rules
        self.busy = busy
        self.kept: list[Rules] = []
        self.reports: list[Report] = []

    async def take(self, host: str, allowance: Allowance, *, patience: float) -> Slot:
        if self.busy:
            raise HostBusy(host, 7, refused=True)
        return Slot("1", 0)

    async def give(self, host: str, allowance: Allowance, report: Report) -> None:
        self.reports.append(report)

    async def rules(self, host: str) -> Rules | None:
        return self.known

    async def keep_rules(self, host: str, rules: Rules) -> None:
        self.kept.append(rules)


def refresher(
    shop: Shop, stored: Product | Sequence[Product] | Exception, answers: Answers, turns: Turns | None = None
) -> Refresher:
    client = ShopClient(httpx2.MockTransport(answers), "Listino/0.1")
    products = [stored] if isinstance(stored, Product) else stored
    hosts = Hosts(client, turns or Turns(Rules("")), "Listino/0.1", lambda: [shop], seconds=5)  # type: ignore[arg-type]
    return Refresher(shop, client, hosts, Stored(products), seconds=5)  # type: ignore[arg-type]


async def refresh(at_work: Refresher, *product_ids: str) -> dict[str, LiveAnswer]:
    """Asks until nothing is open; the answers by product, one for each."""
    outcome = await at_work.prepare(product_ids)
    answers, waiting = [*outcome.answers], [*outcome.open]
    while waiting:
        outcome = await at_work.ask(waiting.pop(0))
        answers += outcome.answers
        waiting += outcome.open
    assert sorted(str(answer.product_id) for answer in answers) == sorted(product_ids)
    return {str(answer.product_id): answer for answer in answers}


async def refreshed(at_work: Refresher) -> LiveAnswer:
    return (await refresh(at_work, ID))[ID]


def kept(of: Refresher) -> Products:
    return of.store.products  # type: ignore[return-value]


async def test_a_fresh_price_is_priced_stored_and_told(bottega: Shop, listed_shirt: Product) -> None:
    asked: list[str] = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, json=VARIATIONS)

    at_work = refresher(bottega, listed_shirt, answers)
    answer = await refreshed(at_work)
    assert asked == ["https://bottega.example/wp-json/wc/store/v1/products?type=variation&parent=8411&per_page=100"]
    (stored,) = kept(at_work).kept
    assert stored.price is not None
    assert stored.offer is not None
    assert stored.offer.cost == Money(3000)
    assert (answer.reason, answer.price, answer.availability) == (None, stored.price.amount, Availability.OUT_OF_STOCK)
    assert answer.as_of == stored.offer.checked_at
    assert kept(at_work).gone == []


async def test_what_is_known_already_is_not_read_from_the_store(bottega: Shop, listed_shirt: Product) -> None:
    other = replace(listed_shirt, id="it:bottega:8412")

    async def known(product_ids: Sequence[str]) -> Mapping[str, Product]:
        return {ID: listed_shirt} if ID in product_ids else {}

    at_work = replace(refresher(bottega, other, lambda _: httpx2.Response(500)), kept=known)
    outcome = await at_work.prepare([ID, "it:bottega:8412", "it:bottega:none"])
    assert {product_id for one in outcome.open for product_id in one.product_ids} == {ID, "it:bottega:8412"}
    assert [(one.product_id, one.reason) for one in outcome.answers] == [("it:bottega:none", Reason.NO_SHOP)]
    kept(at_work).stored = ConnectionFailure("away")
    assert (await at_work.prepare([ID])).answers == []


def raising(error: Exception) -> Answers:
    def answers(request: httpx2.Request) -> httpx2.Response:
        raise error

    return answers


def answering(status: int, body: Any = b"") -> Answers:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return lambda request: httpx2.Response(status, content=content)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (answering(404, {"code": "woocommerce_rest_product_invalid_id"}), Reason.GONE),
        (answering(404, {"code": "rest_no_route"}), Reason.SHOP_REFUSED),
        (answering(200, [{**VARIATIONS[0], "prices": {**PRICES, "price": "0"}}]), Reason.HELD),
        (answering(200, [{**VARIATIONS[0], "prices": {**PRICES, "price": "300000"}}]), Reason.HELD),
        (answering(410), Reason.GONE),
        (answering(200, []), Reason.GONE),
        (answering(403), Reason.SHOP_REFUSED),
        (answering(429), Reason.SHOP_REFUSED),
        (answering(500), Reason.SHOP_REFUSED),
        (answering(301), Reason.SHOP_REFUSED),
        (raising(httpx2.ConnectError("refused")), Reason.SHOP_SILENT),
        (raising(httpx2.ReadTimeout("late")), Reason.SHOP_SILENT),
        (raising(httpx2.RemoteProtocolError("nonsense")), Reason.SHOP_SILENT),
        (answering(200, b"<html>Manutenzione</html>"), Reason.UNREADABLE),
        (answering(200, {"code": "x"}), Reason.UNREADABLE),
        (answering(200, [{"id": 1}]), Reason.UNREADABLE),
        (answering(200, [{**VARIATIONS[0], "prices": {**PRICES, "currency_code": "GBP"}}]), Reason.UNREADABLE),
        (raising(RuntimeError("ours")), Reason.FAILED),
    ],
)
async def test_every_way_it_can_go_wrong_is_a_reason(
    answers: Answers, reason: Reason, bottega: Shop, listed_shirt: Product
) -> None:
    at_work = refresher(bottega, listed_shirt, answers)
    answer = await refreshed(at_work)
    stock = Availability.OUT_OF_STOCK if reason is Reason.HELD else None
    assert (answer.product_id, answer.reason, answer.price, answer.availability) == (ID, reason, None, stock)
    assert kept(at_work).kept == []
    assert kept(at_work).gone == ([ID] if reason is Reason.GONE else [])


@pytest.mark.parametrize(
    ("stored", "reason"),
    [([], Reason.NO_SHOP), (ConnectionFailure("away"), Reason.FAILED)],
)
async def test_a_store_without_the_product(
    stored: Sequence[Product] | Exception, reason: Reason, bottega: Shop
) -> None:
    answer = await refreshed(refresher(bottega, stored, answering(200, VARIATIONS)))
    assert answer.reason is reason


async def test_no_foreign_host_is_asked(bottega: Shop, listed_shirt: Product) -> None:
    shop = replace(bottega, platform="generic")
    product = replace(listed_shirt, url="https://evil.example/p/1")
    answer = await refreshed(refresher(shop, product, raising(AssertionError("a foreign host was asked"))))
    assert answer.reason is Reason.UNREADABLE


async def test_an_endless_answer_is_cut_off(
    bottega: Shop, listed_shirt: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers.refresh, "_MOST_BYTES", 100)
    answer = await refreshed(refresher(bottega, listed_shirt, answering(200, VARIATIONS)))
    assert answer.reason is Reason.UNREADABLE


def simple(product: Product, number: int) -> Product:
    """A product of one variant, under the key of that number."""
    (style, *_) = product.styles
    only = replace(style, skus=dict([next(iter(style.skus.items()))]))
    return replace(product, id=f"it:bottega:{number}", styles=(only,))


def item(number: int, price: str = "3000") -> dict[str, Any]:
    return {"id": number, "sku": "R-S", "prices": {**PRICES, "price": price}, "is_in_stock": True}


async def test_several_products_are_one_request_and_have_an_answer_each(bottega: Shop, listed_shirt: Product) -> None:
    asked: list[str] = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url).partition("/products")[2])
        if "include" in request.url.params:
            return httpx2.Response(200, json=[item(1, "3000"), item(2, "0"), item(3, "3100")])
        return httpx2.Response(404, json={"code": "woocommerce_rest_product_invalid_id"})

    at_work = refresher(bottega, [simple(listed_shirt, number) for number in (1, 2, 3, 4)], answers)
    found = await refresh(at_work, *(f"it:bottega:{number}" for number in (1, 2, 3, 4, 5)))
    assert asked == ["?include=1,2,3,4&per_page=4", "/4"], "the list is silent about what may only be sold out"
    assert [found[f"it:bottega:{number}"].reason for number in (1, 2, 3, 4, 5)] == [
        None, Reason.HELD, None, Reason.GONE, Reason.NO_SHOP,
    ]  # fmt: skip
    assert [(product.id, product.offer and product.offer.cost) for product in kept(at_work).kept] == [
        ("it:bottega:1", Money(3000)),
        ("it:bottega:3", Money(3100)),
    ]
    assert kept(at_work).gone == ["it:bottega:4"]


@pytest.mark.parametrize("together", [answering(400), answering(414), answering(200, b"<html>")])
async def test_what_cannot_be_asked_together_is_asked_alone(
    together: Answers, bottega: Shop, listed_shirt: Product
) -> None:
    def answers(request: httpx2.Request) -> httpx2.Response:
        alone = request.url.path.rpartition("/")[2]
        return httpx2.Response(200, json=item(int(alone))) if alone.isdecimal() else together(request)

    at_work = refresher(bottega, [simple(listed_shirt, number) for number in (1, 2)], answers)
    found = await refresh(at_work, "it:bottega:1", "it:bottega:2")
    assert [answer.reason for answer in found.values()] == [None, None]
    assert len(kept(at_work).kept) == 2


@pytest.mark.parametrize(("status", "times"), [(403, 1), (410, 1), (429, 1), (500, 2), (503, 1)])
async def test_a_shop_that_refuses_is_not_asked_again_for_each(
    status: int, times: int, bottega: Shop, listed_shirt: Product
) -> None:
    asked: list[httpx2.Request] = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(status)

    at_work = refresher(bottega, [simple(listed_shirt, number) for number in (1, 2)], answers)
    found = await refresh(at_work, "it:bottega:1", "it:bottega:2")
    assert len(asked) == times
    assert [answer.reason for answer in found.values()] == [Reason.SHOP_REFUSED] * 2
    assert kept(at_work).gone == [], "an address for several says nothing of one of them"


async def test_a_request_is_sent_as_the_platform_wants_it(bottega: Shop, listed_shirt: Product) -> None:
    asked: list[httpx2.Request] = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={"elements": []})

    shop = replace(bottega, platform="shopware", options=PlatformOptions(access_key="SWSCKEY"))
    answer = await refreshed(refresher(shop, listed_shirt, answers))
    assert answer.reason is Reason.GONE
    (request,) = asked
    assert (request.method, request.headers["sw-access-key"]) == ("POST", "SWSCKEY")
    assert orjson.loads(request.content)["ids"] == ["8411"]


async def test_a_shop_without_a_turn_in_time_is_busy_and_is_not_asked(bottega: Shop, listed_shirt: Product) -> None:
    at_work = refresher(
        bottega, listed_shirt, raising(AssertionError("the shop was asked")), Turns(Rules(""), busy=True)
    )
    assert (await refreshed(at_work)).reason is Reason.SHOP_BUSY


@pytest.mark.parametrize(
    "rules",
    [Rules("User-agent: *\nDisallow: /wp-json/"), Rules("User-agent: Listino\nDisallow: /"), Rules("", "answered 503")],
)
async def test_what_robots_txt_does_not_allow_is_not_asked(rules: Rules, bottega: Shop, listed_shirt: Product) -> None:
    at_work = refresher(bottega, listed_shirt, raising(AssertionError("the shop was asked")), Turns(rules))
    assert (await refreshed(at_work)).reason is Reason.SHOP_REFUSED


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [(200, "", None), (404, "", None), (200, "User-agent: *\nDisallow: /", Reason.SHOP_REFUSED),
     (500, "", Reason.SHOP_REFUSED), (429, "", Reason.SHOP_REFUSED)],
)  # fmt: skip
async def test_rules_that_nobody_knows_are_asked_for_once_and_kept_for_everybody(
    status: int, text: str, reason: Reason | None, bottega: Shop, listed_shirt: Product
) -> None:
    asked: list[str] = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        if request.url.path == "/robots.txt":
            return httpx2.Response(status, text=text)
        return httpx2.Response(200, json=VARIATIONS)

    turns = Turns()
    at_work = refresher(bottega, listed_shirt, answers, turns)
    assert [(await refreshed(at_work)).reason for _ in range(2)] == [reason, reason]
    assert asked.count("/robots.txt") == len(turns.kept) == 1
    assert len(turns.reports) == len(asked)
    assert (turns.kept[0].trouble is None) == (status in (200, 404))


@pytest.mark.parametrize(
    ("answers", "outcome", "told"),
    [
        (answering(200, VARIATIONS), Outcome.OK, None),
        (answering(404), Outcome.OK, None),
        (raising(httpx2.ReadTimeout("late")), Outcome.FAILED, None),
        (lambda _: httpx2.Response(429, headers={"Retry-After": "7"}), Outcome.REFUSED, 7),
    ],
)
async def test_the_budget_hears_how_it_went(
    answers: Answers, outcome: Outcome, told: float | None, bottega: Shop, listed_shirt: Product
) -> None:
    turns = Turns(Rules(""))
    await refreshed(refresher(bottega, listed_shirt, answers, turns))
    assert [(report.outcome, report.retry_after) for report in turns.reports] == [(outcome, told)]


def in_turn(*answers: Answers) -> Answers:
    """Each answer once, in that order; one request more is a mistake."""
    left = list(answers)
    return lambda request: left.pop(0)(request)


FAILURES = [answering(500), answering(502), answering(504), raising(httpx2.ConnectError("refused")),
            raising(httpx2.ReadError("reset")), raising(httpx2.RemoteProtocolError("gone"))]  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
async def test_what_fails_in_passing_is_asked_once_more_in_a_turn_of_its_own(
    failure: Answers, bottega: Shop, listed_shirt: Product
) -> None:
    turns, again = Turns(Rules("")), []
    at_work = refresher(bottega, listed_shirt, in_turn(failure, answering(200, VARIATIONS)), turns)
    at_work = replace(at_work, asked_again=again.append)
    assert (await refreshed(at_work)).fresh
    assert [report.outcome for report in turns.reports] == [Outcome.FAILED, Outcome.OK]
    assert again == [ID]


@pytest.mark.parametrize("failure", FAILURES)
async def test_what_fails_twice_is_told_and_the_breaker_hears_of_both(
    failure: Answers, bottega: Shop, listed_shirt: Product
) -> None:
    at_work = refresher(bottega, listed_shirt, in_turn(failure, failure))
    (inquiry,) = (await at_work.prepare([ID])).open
    first = await at_work.ask(inquiry)
    assert (first.answers, first.heard) == ([], False)
    (repeated,) = first.open
    second = await at_work.ask(repeated)
    assert [answer.fresh for answer in second.answers] == [False]
    assert (second.open, second.heard) == ([], False)


@pytest.mark.parametrize("failure", [answering(429), answering(503), raising(httpx2.ReadTimeout("late"))])
async def test_what_refuses_or_is_silent_is_not_asked_again(
    failure: Answers, bottega: Shop, listed_shirt: Product
) -> None:
    assert not (await refreshed(refresher(bottega, listed_shirt, in_turn(failure)))).fresh


async def test_a_second_attempt_counts_when_it_is_sent(bottega: Shop, listed_shirt: Product) -> None:
    turns, again = Turns(Rules("")), []
    at_work = replace(refresher(bottega, listed_shirt, answering(500), turns), asked_again=again.append)
    (inquiry,) = (await at_work.prepare([ID])).open
    (repeated,) = (await at_work.ask(inquiry)).open
    turns.busy = True
    assert [answer.reason for answer in (await at_work.ask(repeated)).answers] == [Reason.SHOP_BUSY]
    assert again == []


async def test_what_fails_too_late_for_who_waits_is_told_at_once(bottega: Shop, listed_shirt: Product) -> None:
    at_work = refresher(bottega, listed_shirt, in_turn(answering(500)))
    (inquiry,) = (await at_work.prepare([ID])).open
    late = replace(inquiry, began=inquiry.began - SECOND_WITHIN_SECONDS)
    outcome = await at_work.ask(late)
    assert ([answer.reason for answer in outcome.answers], outcome.open) == ([Reason.SHOP_REFUSED], [])


async def test_what_a_second_attempt_leads_to_has_no_other(bottega: Shop, listed_shirt: Product) -> None:
    listed = answering(200, [item(1)])  # silent about the other one, which is asked for alone
    at_work = refresher(
        bottega,
        [simple(listed_shirt, number) for number in (1, 2)],
        in_turn(answering(500), listed, answering(500)),
    )
    found = await refresh(at_work, "it:bottega:1", "it:bottega:2")
    assert [found[key].reason for key in sorted(found)] == [None, Reason.SHOP_REFUSED]


async def test_a_probe_that_fails_slows_nobody_down_and_one_that_is_refused_is_heard(
    bottega: Shop, listed_shirt: Product
) -> None:
    for answers, outcome, heard in (
        (answering(500), Outcome.UNSENT, False),
        (raising(httpx2.ReadTimeout("late")), Outcome.UNSENT, False),
        (answering(429), Outcome.REFUSED, True),
        (answering(404), Outcome.OK, True),
    ):
        turns = Turns(Rules(""))
        at_work = refresher(bottega, listed_shirt, answers, turns)
        (inquiry,) = (await at_work.prepare([ID])).open
        probed = await at_work.ask(inquiry, probing=True)
        assert (probed.heard, probed.open, len(probed.answers)) == (heard, [], 1)
        assert [report.outcome for report in turns.reports] == [outcome]


async def test_a_product_that_others_store_all_the_time_fails_alone(
    bottega: Shop, listed_shirt: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = answering(200, [item(1, "3000"), item(2, "3000")])
    at_work = refresher(bottega, [simple(listed_shirt, number) for number in (1, 2)], in_turn(listed))
    whole = Products.refresh

    async def contended(
        self: Products, seen: Sequence[Product], *, terms: Terms, known: Mapping[ProductId, Product]
    ) -> UpsertPlan:
        if any(product.id == "it:bottega:2" for product in seen):
            raise Contended("it:bottega:2 changed all the time")
        return await whole(self, seen, terms=terms, known=known)

    monkeypatch.setattr(Products, "refresh", contended)
    found = await refresh(at_work, "it:bottega:1", "it:bottega:2")
    assert [found[key].reason for key in sorted(found)] == [None, Reason.FAILED]


async def test_a_product_over_which_we_fail_fails_alone_and_is_blamed(
    bottega: Shop, listed_shirt: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(request: httpx2.Request) -> httpx2.Response:
        if "include" in request.url.params:
            return httpx2.Response(200, json=[item(1, "3000"), item(2, "3000")])
        return httpx2.Response(200, json=item(int(request.url.path.rpartition("/")[2]), "3000"))

    at_work = refresher(bottega, [simple(listed_shirt, number) for number in (1, 2)], answers)
    whole = Refresher._reoffered

    def poisoned(self: Refresher, product: Product, *rest: Any) -> Product:
        if product.id == "it:bottega:2":
            raise ZeroDivisionError("a mistake")
        return whole(self, product, *rest)

    monkeypatch.setattr(Refresher, "_reoffered", poisoned)
    found = await refresh(at_work, "it:bottega:1", "it:bottega:2")
    assert [found[key].reason for key in sorted(found)] == [None, Reason.FAILED]
    (inquiry,) = (await at_work.prepare(["it:bottega:2"])).open
    assert (await at_work.ask(inquiry)).errors == {"it:bottega:2": "ZeroDivisionError('a mistake')"}
