"""Deciding on held prices in a real browser."""

from datetime import timedelta

import pytest
from integration.backoffice.goods import LAMP, MANAGER, NOW, relamp, terms
from playwright.sync_api import expect

from listino.domain.listing import list_goods
from listino.domain.money import Money
from listino.domain.offer import ShopOffer, ShopProduct, Variant
from listino.settings import Settings
from listino.store.client import Store

CUPS = 12


@pytest.fixture(autouse=True)
def held(filled: Store, settings: Settings) -> Store:
    """The lamp's price held by a live refresh, those of some cups by a crawl."""
    settings.shops_path.mkdir(parents=True, exist_ok=True)
    (settings.shops_path / "bottega.toml").write_text(
        '[shop]\nname = "bottega"\nmarket = "it"\nplatform = "generic"\nurl = "https://bottega.example"\n',
        encoding="utf-8",
    )
    bottega = terms("it", "bottega")
    goods = [
        ShopProduct(
            sku=f"c{number:03}", url=f"https://bottega.example/p/c{number:03}", name=f"Tazzina numero {number}",
            brand="Casa Blu", category="Kitchen", offer=ShopOffer(cost=Money(100 * (500 + number) if number else 0)),
        )
        for number in range(CUPS)
    ]  # fmt: skip
    cups = [list_goods(each, bottega, at=NOW, crawl_id="crawl-it-1") for each in goods]
    assert len(filled.products.upsert(cups, terms=bottega).held) == CUPS
    fresh = relamp(filled.products.get(LAMP), 319_000, NOW)
    assert filled.products.upsert([fresh], terms=bottega).held == [LAMP]
    return filled


def test_a_manager_accepts_one_and_rejects_the_rest_of_the_crawl(manager_desk, held: Store) -> None:
    page = manager_desk.page
    page.get_by_role("link", name=f"{CUPS + 1} held prices").click()
    row = page.locator(f"[id='held-{LAMP}']")
    expect(row).to_contain_text("€3,190.00 is about 100 times the €31.90 that it cost before.")
    row.get_by_role("link", name="Accept").click()
    expect(page.locator("#prices")).to_contain_text("€47.90")
    page.get_by_role("button", name="Accept, sell at €3,987.90").click()
    expect(page.locator("#notices")).to_contain_text("the price is accepted")
    expect(row).to_have_count(0)
    assert held.products.get(LAMP).held is None

    page.get_by_label("Crawl", exact=True).fill("crawl-it-1")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Decide on all 12").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Decide on 12 held prices")
    expect(page.get_by_role("button", name="Accept all (11)")).to_be_visible()
    page.get_by_role("button", name="Reject all (12)").click()
    expect(page.locator("#notices")).to_contain_text("12 held prices rejected.")
    expect(page.get_by_role("heading", name="Nothing is held")).to_be_visible()
    product = held.products.get("it:bottega:c003")
    assert product.offer is not None
    assert (product.held, product.offer.cost) == (None, Money(503))

    manager_desk.go(f"/products/{LAMP}")
    expect(page.locator("#hold")).to_contain_text(f"by {MANAGER}")


def test_a_desk_shows_every_button_without_scrolling_sideways(manager_desk, held: Store) -> None:
    page, long = manager_desk.page, "bottega-artigiana-toscana"
    lamp, crawl_id = "B0-8411-LAMPADA-OTTONE-SPAZZOLATO", "it-20260501T120000-abc123"
    for at, cost in ((NOW - timedelta(days=400), 1_234_567), (NOW - timedelta(days=300), 123_456_700)):
        goods = ShopProduct(
            sku=lamp, url=f"https://{long}.example/p/1", name="Lampada da tavolo Perla in ottone spazzolato con paralume",
            brand="Casa Blu", category="Lamps",
            offer=ShopOffer.of([
                Variant(sku=f"{lamp}-{size}", size=size, cost=Money(each)) for size, each in (("S", 1_000_000), ("XL", cost))
            ]),
        )  # fmt: skip
        held.products.upsert([list_goods(goods, terms("it", long), at=at, crawl_id=crawl_id)], terms=terms("it", long))
    for width in (1280, 1440):
        page.set_viewport_size({"width": width, "height": 860})
        manager_desk.go("/held-prices")
        expect(page.locator(f"[id='held-it:{long}:{lamp}']")).to_have_count(1)
        table = page.get_by_role("region", name="Held prices")
        assert table.evaluate("table => table.scrollWidth - table.clientWidth") <= 0, width
        reject = page.get_by_role("button", name="Reject")
        assert reject.count() == CUPS + 2


def test_the_list_fits_a_phone(phone, held: Store) -> None:
    looked_at = held.products.get(LAMP).held
    assert looked_at is not None
    phone.sign_in(MANAGER)
    for path in (
        "/held-prices",
        "/held-prices/all?crawl=crawl-it-1",
        f"/products/{LAMP}",
        f"/held-prices/{LAMP}/accept?reading={looked_at.reading}",
    ):
        phone.go(path)
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    expect(phone.page.get_by_role("button", name="Accept")).to_be_visible()
