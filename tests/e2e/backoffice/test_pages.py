"""What holds of every page: it can be used by everybody, on a phone, in the dark, and the browser has no complaint."""

from axe_playwright_python.sync_playwright import Axe
from integration.backoffice.goods import GONE, LAMP, MANAGER

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
