"""What holds of every page: it can be used by everybody, on a phone, in the dark, and the browser has no complaint."""

from axe_playwright_python.sync_playwright import Axe
from integration.backoffice.goods import GONE, LAMP, MANAGER
from playwright.sync_api import expect

PAGES = (
    "/",
    "/products",
    "/products?q=zzzz",
    f"/products/{LAMP}",
    f"/products/{GONE}",
    "/products/42",
    "/crawls",
    "/crawls/crawl-it-1",
    "/crawls/crawl-fr-now",
)
# WCAG 2.2 A and AA, and what axe holds to be good practice besides.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def barriers(page) -> list[str]:
    # A state's dot breathes and a swapped card glows; colours are judged at rest.
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{page.url}: {rule['id']} at {node['target']}" for rule in found for node in rule["nodes"]]


def barriers_everywhere(desk) -> list[str]:
    desk.go("/login")
    found = barriers(desk.page)
    desk.sign_in(MANAGER)
    for path in PAGES:
        desk.go(path)
        for details in desk.page.locator("details").all():
            details.locator("summary").click()
        found += barriers(desk.page)
    return found


def test_no_page_has_a_barrier_in_the_light(desk) -> None:
    assert barriers_everywhere(desk) == []


def test_no_page_has_a_barrier_in_the_dark(dark_desk) -> None:
    dark_desk.go("/login")
    assert dark_desk.page.locator("html").get_attribute("data-bs-theme") == "dark"
    assert barriers_everywhere(dark_desk) == []


def test_no_page_is_wider_than_a_phone(phone) -> None:
    wide = []
    phone.go("/login")
    phone.sign_in(MANAGER)
    for path in PAGES:
        phone.go(path)
        if phone.page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path)

    assert wide == []
    assert barriers(phone.page) == []


def right_edges(cells) -> list[float]:
    """How far to the right each cell reaches, in pixels."""
    return [cell.evaluate("cell => cell.getBoundingClientRect().right") for cell in cells.all()]


def cut_tables(page) -> list[str]:
    """The tables of which a part lies beyond the edge."""
    return page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel)"
    )


def test_a_phone_shows_what_each_variant_costs(phone) -> None:
    phone.sign_in(MANAGER)
    phone.go(f"/products/{LAMP}")
    phone.page.locator("#history summary").click()
    for heading in ("Stock", "Cost", "Price"):
        cells = phone.page.locator(f"#variants td[data-label='{heading}']")
        assert cells.count() == 3
        assert max(right_edges(cells)) <= 390
    expect(phone.page.locator("#variants td[data-label='Price']").first).to_contain_text("47.90")
    assert cut_tables(phone.page) == []


def test_a_phone_shows_all_counts_of_a_shop(phone) -> None:
    phone.sign_in(MANAGER)
    phone.go("/crawls/crawl-it-1")
    shop = phone.page.get_by_role("region", name="Counts by shop")
    expect(shop).to_contain_text("1,138")
    cells = shop.locator("td")
    assert cells.count() == 10
    assert max(right_edges(cells)) <= 390
    assert cut_tables(phone.page) == []


def test_a_phone_has_search_and_clear_side_by_side(phone) -> None:
    phone.sign_in(MANAGER)
    phone.go("/products?q=lampada")
    search = phone.page.get_by_role("button", name="Search").bounding_box()
    clear = phone.page.get_by_role("link", name="Clear").bounding_box()
    assert search is not None
    assert clear is not None
    assert search["y"] == clear["y"]


def test_a_table_that_goes_on_beyond_the_edge_shows_it(desk) -> None:
    desk.sign_in(MANAGER)
    desk.page.set_viewport_size({"width": 800, "height": 800})
    desk.go("/crawls/crawl-it-1")
    table = desk.page.get_by_role("region", name="Counts by shop")
    assert "Counts by shop" in cut_tables(desk.page)
    assert table.evaluate("table => getComputedStyle(table).backgroundAttachment") == "local, local, scroll, scroll"
