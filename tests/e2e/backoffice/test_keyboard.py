"""Working without a mouse."""

import re

from e2e.backoffice.test_products import after
from integration.backoffice.goods import LAMP
from integration.backoffice.shop_worker import shop_worker
from playwright.sync_api import expect

from listino.settings import Settings
from listino.store.client import Store


def test_a_row_is_reached_and_opened_by_keys(reader) -> None:
    page, rows = reader.page, reader.page.locator(".row-link")
    reader.go("/products?market=it")
    for key, focused in (("j", 0), ("j", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(focused)).to_be_focused()
    name = rows.first.inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_the_shortcuts_that_do_something_here_are_shown(reader) -> None:
    page, lines = reader.page, reader.page.locator("#shortcuts .keys > div:visible kbd")
    reader.go("/products?q=zzzz")
    page.locator("main").focus()
    page.keyboard.press("?")
    assert lines.all_inner_texts() == ["/", "?"]
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    reader.go(f"/products/{LAMP}")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert lines.all_inner_texts() == ["/", "r", "?"]


def test_r_asks_the_shop(agent_desk, filled: Store, settings: Settings) -> None:
    agent_desk.go(f"/products/{LAMP}")
    with shop_worker(settings, "it:bottega", after(0, filled, 2990)):
        agent_desk.page.keyboard.press("r")
        expect(agent_desk.page.locator("#outcome")).to_contain_text("was €47.90")


def test_keys_typed_into_a_field_are_letters(reader) -> None:
    reader.go(f"/products/{LAMP}")
    asked = []
    reader.page.on("request", lambda request: asked.append(request.method))
    field = reader.page.get_by_label("Search products")
    field.focus()
    reader.page.keyboard.type("jerk?/")
    expect(field).to_have_value("jerk?/")
    expect(field).to_be_focused()
    expect(reader.page.locator("#shortcuts")).to_be_hidden()
    assert "POST" not in asked


def test_a_filter_changes_the_list_alone_and_keeps_address_and_focus(reader) -> None:
    page = reader.page
    reader.go("/products")
    page.evaluate("window.sameDocument = true")
    shop = page.get_by_label("Shop")
    shop.focus()
    shop.fill("lichthaus")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/products\?shop=lichthaus$"))
    expect(page.locator(".row-link")).to_have_count(1)
    expect(shop).to_be_focused()
    expect(page.get_by_role("link", name="Clear")).to_be_visible()
    shop.fill("")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile(r"/products$"))
    page.get_by_label("Market").select_option("it")
    expect(page).to_have_url(re.compile(r"/products\?market=it$"))
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    expect(page).to_have_url(re.compile(r"after="))
    assert page.evaluate("window.sameDocument")

    page.go_back()
    expect(page.get_by_role("link", name="First page")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/products\?market=it$"))
    expect(page.get_by_label("Market")).to_have_value("it")


def test_an_id_leads_to_its_product(reader) -> None:
    reader.go("/products")
    reader.page.get_by_role("searchbox", name="Search").fill(LAMP)
    reader.page.keyboard.press("Enter")
    expect(reader.page).to_have_url(re.compile(f"/products/{LAMP}$"))


def test_without_scripts_one_searches_opens_and_pages(scriptless) -> None:
    page = scriptless.page
    scriptless.sign_in("ada@listino.test")
    scriptless.go("/products?market=it")
    first = page.locator(".row-link").first.inner_text()
    page.get_by_role("link", name="Next page").click()
    expect(page.locator(".row-link").first).not_to_have_text(first)
    page.get_by_role("searchbox", name="Search").fill("perla")
    page.get_by_role("button", name="Search").click()
    page.locator(".row-link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lampada da tavolo Perla")
    page.locator(".preferences summary").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
