"""What keeps somebody from using a page, as axe finds it."""

from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

# WCAG 2.2 A and AA, and what axe holds to be good practice besides.
RULES: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS: Final = {"runOnly": ["color-contrast", "link-in-text-block"]}

_AXE: Final = Axe().axe_script
# Of what axe finds only the barriers leave the page: all that it is content with takes longer to hand over than to find.
_FIND: Final = """options => axe.run(options).then(found =>
    found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id} at ${node.target}`)))"""


def barriers(page: Page, options: dict[str, Any] = RULES) -> list[str]:
    # A state's dot breathes and a swapped card glows; colours are judged at rest.
    page.emulate_media(reduced_motion="reduce")
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    return [f"{page.url}: {barrier}" for barrier in page.evaluate(_FIND, options)]


def barriers_in_both_themes(page: Page) -> list[str]:
    """In the light all of them; in the dark, which stays, those of colours, which are all that differs."""
    found = []
    for theme, options in (("light", RULES), ("dark", COLOURS)):
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        found += [f"{theme} {barrier}" for barrier in barriers(page, options)]
    return found


def too_wide(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def cut_tables(page: Page) -> list[str]:
    """The tables of which a part lies beyond the edge; a pixel may be lost in rounding."""
    return page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.ariaLabel)"
    )
