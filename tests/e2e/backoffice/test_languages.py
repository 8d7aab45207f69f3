"""The pages in the languages with the longest words, and the choice of language and theme."""

import pytest
from e2e.backoffice.barriers import cut_tables, too_wide
from e2e.backoffice.desks import PHONE, WIDE
from integration.backoffice.goods import AGENT, LAMP, MANAGER
from integration.backoffice.visits import ELODIE
from playwright.sync_api import Page, expect

PAGES = (
    "/",
    "/products",
    f"/products/{LAMP}",
    "/customers?q=martin",
    f"/customers/{ELODIE.id}",
    "/held-prices",
    "/crawls",
    "/crawls/crawl-it-1",
    "/crawls/crawl-it-1/rejects",
    "/crawls/crawl-it-1/log",
    "/analytics?period=last_month",
    "/schedule",
    "/shops",
    "/shops/it:bottega",
    "/operations",
    "/staff",
    f"/staff/{AGENT}",
    "/audit",
    "/account",
    "/account/password",
    "/account/two-factor",
    "/nowhere",
)


def speak(page: Page, address: str, language: str) -> None:
    page.context.add_cookies([{"name": "listino_language", "value": language, "url": address}])


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_long_words_cut_no_table_on_a_desk_and_fit_a_phone(reading_admin, language: str) -> None:
    page = reading_admin.page
    speak(page, reading_admin.address, language)
    cut, wide = {}, []
    for path in PAGES:
        page.set_viewport_size(WIDE["viewport"])
        reading_admin.go(path)
        if tables := cut_tables(page):
            cut[path] = tables
        page.set_viewport_size(PHONE["viewport"])
        if too_wide(page):
            wide.append(path)
    reading_admin.complaints.clear()  # the browser remarks on the 404 itself
    assert cut == {}
    assert wide == []


def test_a_language_and_a_theme_are_chosen_and_kept(desk) -> None:
    page = desk.page
    desk.go("/login")
    page.locator(".preferences summary").click()
    page.get_by_role("button", name="Italiano").click()
    expect(page.get_by_role("heading", name="Accedi")).to_be_visible()
    page.get_by_label("Indirizzo e-mail").fill(MANAGER)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Accedi").click()
    expect(page.get_by_role("heading", name="Che cosa cerchi?")).to_be_visible()

    desk.go("/products?q=perla")
    page.locator(".preferences summary").click()
    page.get_by_role("button", name="Scuro").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page).to_have_url(f"{desk.address}/products?q=perla")
    desk.go("/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
