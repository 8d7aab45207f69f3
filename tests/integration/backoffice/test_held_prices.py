"""Held prices in the back office: found, decided on once, and only by those who may."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from integration.backoffice.goods import GTIN, LAMP, MANAGER, NOW, lamp, plain, relamp, terms
from redis import Redis

from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, Fall, ShopCounts
from listino.domain.listing import list_goods
from listino.domain.money import Money
from listino.domain.offer import ShopOffer, ShopProduct, Variant
from listino.domain.product import Product
from listino.live.keys import ShopKeys
from listino.settings import Settings
from listino.store.client import Store

ACCEPT, REJECT = f"/held-prices/{LAMP}/accept", f"/held-prices/{LAMP}/reject"


@pytest.fixture(autouse=True)
def declared(settings: Settings) -> None:
    settings.shops_path.mkdir(parents=True, exist_ok=True)
    declaration = '[shop]\nname = "bottega"\nmarket = "it"\nplatform = "generic"\nurl = "https://bottega.example"\n'
    (settings.shops_path / "bottega.toml").write_text(declaration, encoding="utf-8")


def cup(number: int, cost: int) -> Product:
    goods = ShopProduct(
        sku=f"c{number:03}", url=f"https://bottega.example/p/c{number:03}", name=f"Tazzina numero {number}",
        brand="Casa Blu", category="Kitchen", offer=ShopOffer(cost=Money(cost)),
    )  # fmt: skip
    return list_goods(goods, terms("it", "bottega"), at=NOW, crawl_id="crawl-it-1")


@pytest.fixture
def held(filled: Store) -> Store:
    """The lamp's price held by a live refresh, those of thirty cups by a crawl: of the first because it is none."""
    fresh = relamp(filled.products.get(LAMP), 319_000, NOW - timedelta(hours=1))
    assert filled.products.upsert([fresh], terms=terms("it", "bottega")).held == [LAMP]
    cups = [cup(number, 100 * (500 + number) if number else 0) for number in range(30)]
    assert len(filled.products.upsert(cups, terms=terms("it", "bottega")).held) == 30
    return filled


def reading(store: Store, product_id: str = LAMP) -> str:
    found = store.products.get(product_id).held
    assert found is not None
    return found.reading


def rows(page: str) -> list[str]:
    return re.findall(r'<tr id="held-([^"]+)"', page)


@pytest.mark.usefixtures("held")
def test_they_are_listed_page_by_page_with_the_evidence(manager) -> None:
    address, seen, pages = "/held-prices", [], 0
    while address:
        page = manager.see(address)
        seen += rows(page)
        pages += 1
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert pages == 2
    assert seen == [*(f"it:bottega:c{number:03}" for number in range(30)), LAMP]
    assert "€3,190.00 is about 100 times the €31.90 that it cost before." in page
    assert "Other shops ask €26.50 (1)." in page
    assert "\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}100" in page
    assert 'href="https://bottega.example/p/8411"' in page


@pytest.mark.usefixtures("held")
def test_filters_live_in_the_address(manager) -> None:
    assert rows(manager.see("/held-prices?reason=not_positive")) == ["it:bottega:c000"]
    assert len(rows(manager.see("/held-prices?crawl=crawl-it-1&market=it&shop=bottega"))) == 25
    assert "No held price matches" in manager.see("/held-prices?market=de")
    assert manager.client.get("/held-prices?reason=ugly").status_code == 400
    assert manager.client.get("/held-prices?after=now~it:bottega:1").status_code == 400


def test_they_are_counted_where_people_begin_and_shown_on_the_product(manager, held: Store) -> None:
    assert "31 held prices</a>: not plausible" in manager.see("/")
    page = manager.see(f"/products/{LAMP}")
    assert "A price is held." in page
    assert page.count("is about 100 times the €31.90") == 4, "the notice, and each of the three sizes"
    assert f'value="{reading(held)}"' in page
    assert "€31.90" in page


def test_an_accepted_price_is_sold_at_and_its_kept_answer_dropped(
    manager, held: Store, settings: Settings, app: Flask
) -> None:
    redis, key = Redis.from_url(settings.redis_address), ShopKeys("it:bottega").answer(LAMP)
    redis.set(key, b"{}")
    answer = manager.send(ACCEPT, reading=reading(held), back="/held-prices?market=it")
    assert (answer.status_code, answer.location) == (303, "/held-prices?market=it")
    page = manager.see(answer.location)
    assert "Lampada da tavolo Perla: the price is accepted." in page
    assert LAMP not in rows(page)
    product = held.products.get(LAMP)
    assert product.offer is not None
    assert (product.offer.cost, product.held) == (Money(319_000), None)
    assert held.products.history(LAMP)[-1].cost == Money(319_000)
    assert not redis.exists(key)
    assert f"by {MANAGER}" in manager.see(f"/products/{LAMP}")


def test_accepting_is_asked_about_with_both_prices_first(manager, agent, held: Store) -> None:
    listed = manager.see("/held-prices?market=it&reason=times_100")
    assert f'action="/held-prices/{LAMP}/accept"' not in manager.see(f"/products/{LAMP}")
    assert "/accept?reading=" in listed
    page = manager.see(f"{ACCEPT}?reading={reading(held)}&back=/held-prices?market=it")
    before, after = (re.search(rf"Shopper {word}</dt><dd>€([\d.,]+)", page) for word in ("pays now", "would pay"))
    assert before
    assert after
    assert (before[1], after[1]) == ("47.90", "3,987.90")
    assert f'action="{ACCEPT}"' in page
    assert f'value="{reading(held)}"' in page
    assert 'value="/held-prices?market=it"' in page
    assert held.products.get(LAMP).held is not None
    assert agent.client.get(f"{ACCEPT}?reading={reading(held)}").status_code == 403


def test_what_cannot_be_accepted_any_more_is_not_asked_about(manager, held: Store) -> None:
    looked_at = reading(held)
    held.holds.reject(LAMP, looked_at, by="ugo@listino.test", at=utc_now())
    answer = manager.client.get(f"{ACCEPT}?reading={looked_at}&back=/held-prices")
    assert (answer.status_code, answer.location) == (303, "/held-prices")
    assert "the price was rejected already, by ugo@listino.test." in manager.see(answer.location)
    free = manager.client.get(f"/held-prices/it:bottega:c000/accept?reading={reading(held, 'it:bottega:c000')}")
    assert "can only be rejected" in manager.see(free.location)


def test_the_list_compares_the_very_size_that_is_doubted(manager, held: Store) -> None:
    sizes = [
        ShopOffer(
            cost=Money(1000),
            variants=tuple(Variant(sku=f"t-{size}", size=size, cost=Money(cost)) for size, cost in costs.items()),
        )
        for costs in ({"S": 1000, "XL": 8690}, {"S": 1000, "XL": 869_000})
    ]
    shirts = [
        ShopProduct(sku="t", url="https://bottega.example/p/t", name="Maglia", brand="Casa Blu", category="Shirts", offer=offer)
        for offer in sizes
    ]  # fmt: skip
    for shirt in shirts:
        listed = list_goods(shirt, terms("it", "bottega"), at=NOW, crawl_id="crawl-it-2")
        held.products.upsert([listed], terms=terms("it", "bottega"))
    page = manager.see("/held-prices?crawl=crawl-it-2")
    assert rows(page) == ["it:bottega:t"]
    compared, read = (re.search(rf'data-label="{name}"[^>]*>([^<]+)', page) for name in ("Compared with", "Read"))
    assert compared
    assert read
    assert (compared[1], read[1]) == ("€86.90", "€8,690.00")
    assert "\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}100" in page
    assert "<code>t-XL</code>: €" in page
    asked = manager.see(f"/held-prices/it:bottega:t/accept?reading={reading(held, 'it:bottega:t')}")
    after = re.search(r"Accept, sell at €([\d.,]+)", asked.replace("\n", ""))
    assert after
    assert float(after[1].replace(",", "")) > 8690, "what the doubted size would cost, not the cheapest"


def test_a_rejected_price_leaves_the_old_one(manager, held: Store) -> None:
    before = held.products.get(LAMP)
    answer = manager.send(REJECT, reading=reading(held))
    assert "the price is rejected" in manager.see(answer.location)
    after = held.products.get(LAMP)
    assert (after.held, after.price, after.declined) == (None, before.price, reading_of(before))


def reading_of(product: Product) -> str:
    assert product.held is not None
    return product.held.reading


def test_what_somebody_else_decided_is_told_and_changes_nothing(manager, held: Store) -> None:
    looked_at = reading(held)
    held.holds.reject(LAMP, looked_at, by="ugo@listino.test", at=utc_now())
    page = manager.see(manager.send(ACCEPT, reading=looked_at, back="/held-prices").location)
    assert "Nothing was changed. it:bottega:8411: the price was rejected already, by ugo@listino.test." in page
    product = held.products.get(LAMP)
    assert product.offer is not None
    assert product.offer.cost == Money(3190)


def test_a_price_of_nothing_can_only_be_rejected(manager, held: Store) -> None:
    page = manager.see("/held-prices?reason=not_positive")
    assert "/it:bottega:c000/reject" in page
    assert "/it:bottega:c000/accept" not in page
    sent = manager.send("/held-prices/it:bottega:c000/accept", reading=reading(held, "it:bottega:c000"))
    assert "can only be rejected" in manager.see(sent.location)


def test_a_shop_that_is_not_declared_has_no_markup(manager, held: Store, settings: Settings) -> None:
    (settings.shops_path / "bottega.toml").unlink()
    (settings.shops_path / "other.toml").write_text(
        '[shop]\nname = "other"\nmarket = "it"\nplatform = "generic"\nurl = "https://other.example"\n', encoding="utf-8"
    )
    page = manager.see(manager.send(ACCEPT, reading=reading(held), back="/held-prices").location)
    assert "it:bottega is not declared" in page
    assert held.products.get(LAMP).held is not None


def test_a_whole_crawl_is_decided_after_a_look_at_what_that_means(manager, held: Store) -> None:
    assert 'href="/held-prices/all?crawl=crawl-it-1"' in manager.see("/held-prices?crawl=crawl-it-1")
    page = manager.see("/held-prices/all?crawl=crawl-it-1")
    assert "Decide on 30 held prices" in page
    assert ("About 100 times" in page, "No price at all" in page) == (True, True)
    assert ("Accept all (29)" in page, "Reject all (30)" in page) == (True, True)
    until = re.search(r'name="until" value="([^"]+)"', page)
    assert until
    sent = manager.send("/held-prices/all/reject", crawl="crawl-it-1", until=until[1])
    assert "30 held prices rejected." in manager.see(sent.location)
    assert rows(manager.see("/held-prices")) == [LAMP]
    product = held.products.get("it:bottega:c007")
    assert product.offer is not None
    assert product.offer.cost == Money(507)


def test_what_is_held_after_the_look_is_left_alone(manager, held: Store) -> None:
    until = (NOW - timedelta(minutes=1)).isoformat()
    sent = manager.send("/held-prices/all/accept", market="it", shop="bottega", until=until)
    assert "1 held price accepted." in manager.see(sent.location)
    assert held.products.get(LAMP).held is None
    assert len(rows(manager.see("/held-prices"))) == 25


def test_a_shop_that_is_declared_no_more_keeps_nobody_from_the_others(manager, held: Store) -> None:
    stranger = replace(lamp("it", "altra", 265_000, at=NOW), crawl_id="crawl-it-1")
    assert held.products.upsert([stranger], terms=terms("it", "altra")).held == [stranger.id]
    until = utc_now().isoformat()
    sent = manager.send("/held-prices/all/accept", crawl="crawl-it-1", until=until)
    told = manager.see(sent.location)
    assert "29 held prices accepted." in told
    assert "Left, for their shop is not declared and they can only be rejected: 1." in told
    assert held.products.get(str(stranger.id)).held is not None


@pytest.mark.usefixtures("held")
def test_nothing_is_decided_on_without_saying_what(manager) -> None:
    assert manager.client.get("/held-prices/all?market=it").status_code == 400
    assert manager.send("/held-prices/all/accept", market="it", until=NOW.isoformat()).status_code == 400
    assert manager.send("/held-prices/all/accept", crawl="crawl-it-1", until="now").status_code == 400


def test_an_agent_looks_and_does_not_decide(agent, held: Store) -> None:
    page = agent.see("/held-prices?crawl=crawl-it-1")
    assert (len(rows(page)), '<th scope="col">Decide</th>' in page, "/held-prices/all" in page) == (25, False, False)
    assert agent.send(ACCEPT, reading=reading(held)).status_code == 403
    assert agent.send("/held-prices/all/accept", crawl="crawl-it-1", until=NOW.isoformat()).status_code == 403
    assert held.products.get(LAMP).held is not None


def test_a_decision_without_its_token_is_refused(manager, held: Store) -> None:
    assert manager.client.post(ACCEPT, data={"reading": reading(held)}).status_code == 400
    assert held.products.get(LAMP).held is not None


def test_goods_that_were_never_on_sale_are_shown_to_staff_alone(manager, filled: Store) -> None:
    dear = lamp("it", "altra", 265_000, at=NOW)
    assert filled.products.upsert([dear], terms=terms("it", "altra")).held == [dear.id]
    assert "Not on sale yet" in manager.see(f"/products?q={GTIN}")
    assert "Not on sale yet." in manager.see(f"/products/{dear.id}")


def test_a_drifted_run_says_what_fell_and_is_accepted_by_a_manager(manager, agent, filled: Store) -> None:
    fall = Fall(field="description", now=0.12, usual=0.96)
    counts = ShopCounts(products=100, held=7, measured=100, coverage={"description": 0.12}, drift=(fall,))
    run = Crawl.begun("it", trigger="schedule", at=NOW, shops=["bottega"])
    filled.crawls.save(
        Crawl(**{**{name: getattr(run, name) for name in ("id", "market", "trigger", "started_at", "heartbeat_at")},
                 "status": CrawlStatus.INCOMPLETE, "ended_at": NOW, "shops": {"bottega": counts}})
    )  # fmt: skip
    assert "Drifted" in agent.see("/crawls")
    page = agent.see(f"/crawls/{run.id}")
    assert "12.0% where 96.0% are usual" in page
    assert f"/held-prices?market=it&amp;shop=bottega&amp;crawl={run.id}" in page
    assert "The shop is like this now" not in page
    address = f"/crawls/{run.id}/shops/bottega/drift"
    assert agent.send(address).status_code == 403
    assert "is as this crawl found it" in manager.see(manager.send(address).location)
    assert "Nothing was changed" in manager.see(manager.send(address).location)
    assert f"accepted by {MANAGER}" in manager.see(f"/crawls/{run.id}")
    assert "Drifted" not in manager.see("/crawls")


@pytest.mark.usefixtures("filled")
def test_a_store_without_held_prices_says_so(manager) -> None:
    assert "Nothing is held" in manager.see("/held-prices")
    assert "held price" not in manager.see("/").replace("Held prices", "").replace("held-prices", "")
    assert plain("1", "Moka").held is None
