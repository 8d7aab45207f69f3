"""What holds of every page: it can be used by everybody, on a phone, in the dark, and the browser has no complaint."""

from collections.abc import Iterator

import pytest
from e2e.backoffice.barriers import barriers, barriers_in_both_themes, cut_tables, too_wide
from e2e.backoffice.desks import PHONE, WIDE, Desk, desk_before
from integration.backoffice.goods import ADMIN, AGENT, GONE, LAMP
from integration.backoffice.visits import ELODIE
from playwright.sync_api import Browser, StorageState, expect

PAGES = (
    "/",
    "/products",
    "/products?q=zzzz",
    "/products?availability=InStock&least=1&only=gone",
    f"/products/{LAMP}",
    f"/products/{LAMP}/correction",
    f"/products/{LAMP}/hold",
    f"/products/{GONE}",
    "/products/42",
    "/customers?q=martin",
    "/customers?q=zzzz",
    f"/customers/{ELODIE.id}",
    f"/customers/{ELODIE.id}/erase",
    "/held-prices",
    "/crawls",
    "/crawls/crawl-it-1",
    "/crawls/crawl-fr-now",
    "/analytics?period=last_month",
    "/analytics?customer=elo",
    "/analytics?customer=zzzz",
    "/crawls/crawl-it-1/rejects",
    "/crawls/crawl-it-1/log",
    "/crawls/crawl-fr-now/log",
    "/schedule",
    "/shops",
    "/shops/it:bottega",
    "/operations",
    "/account",
    "/account/password",
    "/account/two-factor",
    "/staff",
    f"/staff/{AGENT}",
    "/audit",
    "/audit?by=nobody",
)
MOST_BYTES = 300_000  # what a page brings with it when nothing of it is kept yet
TRANSFERRED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((one) => one.name.startsWith(location.origin)).map((one) => one.transferSize)"""


@pytest.fixture(scope="module")
def walker(browser: Browser, reading_room: str, passes: dict[str, StorageState]) -> Iterator[Desk]:
    """An administrator who looks at one page after the other, and whose browser keeps nothing of the one before."""
    for desk in desk_before(browser, reading_room, **WIDE, storage_state=passes[ADMIN]):
        network = desk.page.context.new_cdp_session(desk.page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        yield desk


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_within_its_budget_has_no_barrier_and_fits_a_phone(walker, path: str) -> None:
    page = walker.page
    page.set_viewport_size(WIDE["viewport"])
    walker.go(path)
    transferred = page.evaluate(TRANSFERRED)
    assert len(transferred) >= 5, "page, styles and scripts"
    assert min(transferred) > 0, "nothing is kept from the page before"
    assert sum(transferred) <= MOST_BYTES
    found = on_a_desk_and_on_a_phone(page)
    assert found == []
    assert walker.complaints == []


def test_signing_in_has_no_barrier(visitor) -> None:
    visitor.go("/login")
    assert on_a_desk_and_on_a_phone(visitor.page) == []


def on_a_desk_and_on_a_phone(page) -> list[str]:
    """What keeps somebody from using it, with all opened that opens."""
    for details in page.locator("main details:not([open], .preferences)").all():
        details.locator("summary").click()
    found = barriers_in_both_themes(page)
    page.set_viewport_size(PHONE["viewport"])
    return (
        found
        + [f"phone {barrier}" for barrier in barriers(page)]
        + (["too wide for a phone"] if too_wide(page) else [])
    )


def test_menus_have_no_barrier(reading_admin) -> None:
    page = reading_admin.page
    reading_admin.go("/")
    page.locator(".preferences summary").click()
    found = barriers(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    assert found + barriers(page) == []


def test_a_phone_has_what_is_rarely_needed_behind_one_entry(phone_reader) -> None:
    page = phone_reader.page
    phone_reader.go("/")
    bar = page.locator(".menu > :visible")
    assert len({box["height"] for box in (each.bounding_box() for each in bar.all())}) == 1, (
        "no entry takes a line more"
    )
    assert bar.count() == 5
    more = page.locator(".menu-more")
    for name, heading in (
        ("Crawls", "Crawls"),
        ("Analytics", "Analytics"),
        ("Staff", "Staff"),
        ("Audit log", "Audit log"),
        ("Your account", "Your account"),
    ):
        more.locator("summary").click()
        link = more.get_by_role("link", name=name)
        box = link.bounding_box()
        assert box is not None
        assert min(box["x"], box["y"]) >= 0
        assert box["x"] + box["width"] <= 390
        assert barriers_in_both_themes(page) == []
        link.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(more.locator("summary")).to_have_class("current")


def right_edges(cells) -> list[float]:
    """How far to the right each cell reaches, in pixels."""
    return [cell.evaluate("cell => cell.getBoundingClientRect().right") for cell in cells.all()]


def test_a_phone_shows_what_each_variant_costs(phone_reader) -> None:
    phone = phone_reader
    phone.go(f"/products/{LAMP}")
    phone.page.locator("#history summary").click()
    for heading in ("Stock", "Cost", "Price"):
        cells = phone.page.locator(f"#variants td[data-label='{heading}']")
        assert cells.count() == 3
        assert max(right_edges(cells)) <= 390
    expect(phone.page.locator("#variants td[data-label='Price']").first).to_contain_text("47.90")
    assert cut_tables(phone.page) == []


def test_a_phone_shows_all_counts_of_a_shop(phone_reader) -> None:
    phone = phone_reader
    phone.go("/crawls/crawl-it-1")
    shop = phone.page.get_by_role("region", name="Counts by shop")
    expect(shop).to_contain_text("1,138")
    cells = shop.locator("td")
    assert cells.count() == 10
    assert max(right_edges(cells)) <= 390
    assert cut_tables(phone.page) == []


def test_a_phone_has_search_and_clear_side_by_side(phone_reader) -> None:
    phone = phone_reader
    phone.go("/products?q=lampada")
    search = phone.page.get_by_role("button", name="Search").bounding_box()
    clear = phone.page.get_by_role("link", name="Clear").bounding_box()
    assert search is not None
    assert clear is not None
    assert search["y"] == clear["y"]


def test_a_table_that_goes_on_beyond_the_edge_shows_it(reading_manager) -> None:
    desk = reading_manager
    desk.page.set_viewport_size({"width": 800, "height": 800})
    desk.go("/crawls/crawl-it-1")
    table = desk.page.get_by_role("region", name="Counts by shop")
    assert "Counts by shop" in cut_tables(desk.page)
    assert table.evaluate("table => getComputedStyle(table).backgroundAttachment") == "local, local, scroll, scroll"
