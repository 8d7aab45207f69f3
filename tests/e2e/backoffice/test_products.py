import re
import time

from integration.backoffice.goods import LAMP, MANAGER, relamp
from integration.backoffice.shop_worker import shop_worker
from playwright.sync_api import expect

from listino.domain.clock import utc_now
from listino.live.answer import LiveAnswer
from listino.settings import Settings
from listino.store.client import Store


def after(seconds: float, store: Store, cost: int):
    """A shop that takes its time and then asks another price."""

    def answer(product_id: str) -> LiveAnswer:
        time.sleep(seconds)
        product = relamp(store.products.get(product_id), cost, utc_now())
        store.products.upsert([product])
        assert product.price is not None
        assert product.offer is not None
        return LiveAnswer(
            product_id=product_id,
            as_of=utc_now(),
            price=product.price.amount,
            availability=product.offer.availability,
        )

    return answer


def test_a_product_is_found_by_keyboard_alone(agent_desk) -> None:
    page = agent_desk.page
    page.keyboard.press("/")
    expect(page.get_by_label("Search products")).to_be_focused()
    page.keyboard.type("perla")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/products\?q=perla$"))
    page.get_by_role("link", name="Lampada da tavolo Perla").last.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Lampada da tavolo Perla")).to_be_visible()

    page.go_back()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("perla")


def test_a_slash_in_a_field_is_a_slash(agent_desk) -> None:
    agent_desk.go("/products")
    brand = agent_desk.page.get_by_label("Brand")
    brand.focus()
    agent_desk.page.keyboard.type("a/b")
    expect(brand).to_have_value("a/b")


def test_a_brand_is_suggested_while_it_is_typed(agent_desk) -> None:
    agent_desk.go("/products")
    page = agent_desk.page
    page.get_by_label("Brand").press_sequentially("casa")
    expect(page.locator("#brand-names option")).to_have_count(1)
    expect(page.locator("#brand-names option")).to_have_attribute("value", "Casa Blu")

    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/products\?brand=casa$"))
    page.get_by_label("Brand").fill("casa blu")
    page.keyboard.press("Enter")
    expect(page.locator(".row-link")).to_have_count(25)


def test_the_list_goes_on_and_back(agent_desk) -> None:
    agent_desk.go("/products?market=it")
    first = agent_desk.page.locator(".row-link").first.inner_text()
    agent_desk.page.get_by_role("link", name="Next page").click()
    expect(agent_desk.page.locator(".row-link").first).not_to_have_text(first)
    agent_desk.page.get_by_role("link", name="First page").click()
    expect(agent_desk.page.locator(".row-link").first).to_have_text(first)


def test_the_skip_link_comes_first_and_leads_to_the_content(agent_desk) -> None:
    agent_desk.go("/crawls")
    agent_desk.page.keyboard.press("Tab")
    expect(agent_desk.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    agent_desk.page.keyboard.press("Enter")
    expect(agent_desk.page.locator("main")).to_be_focused()


def test_thumbnails_change_the_large_photo_by_mouse_and_by_keyboard(agent_desk) -> None:
    agent_desk.go(f"/products/{LAMP}")
    large, thumbnails = agent_desk.page.locator("#photo"), agent_desk.page.locator("[data-photo]")
    expect(large).to_have_attribute("src", "https://photos.example/brass.jpg")
    thumbnails.nth(1).click()
    expect(large).to_have_attribute("src", "https://photos.example/slate.jpg")
    expect(thumbnails.nth(1)).to_have_attribute("aria-current", "true")
    agent_desk.page.keyboard.press("ArrowRight")
    expect(large).to_have_attribute("src", "https://photos.example/brass.jpg")
    expect(thumbnails.nth(0)).to_be_focused()


def test_a_photo_that_is_not_there_gives_way_to_words(agent_desk) -> None:
    agent_desk.page.context.route("https://photos.example/brass.jpg", lambda route: route.fulfill(status=404))
    agent_desk.go(f"/products/{LAMP}")

    expect(agent_desk.page.get_by_text("The photo cannot be loaded")).to_be_visible()
    expect(agent_desk.page.locator("#photo")).to_be_hidden()
    agent_desk.complaints.clear()  # the browser remarks on the 404 itself


def test_refreshing_shows_the_new_price_without_leaving_the_page(agent_desk, filled: Store, settings: Settings) -> None:
    agent_desk.go(f"/products/{LAMP}")
    page = agent_desk.page
    button = page.locator("#refresh")
    expect(page.locator("#live")).to_contain_text("47.90")
    changed = page.locator("#record div", has_text="Last changed").inner_text()

    with shop_worker(settings, "it:bottega", after(0.4, filled, 2990)):
        button.click()
        expect(button).to_be_disabled()
        expect(page.get_by_text("Asking the shop …")).to_be_visible()
        expect(page.locator("#outcome")).to_contain_text(
            re.compile(r"Fresh from the shop in \d+ ms: €\s45\.90, was €\s47\.90\.")
        )

    expect(button).to_be_enabled()
    expect(page.locator("#live")).to_contain_text("45.90")
    expect(page.locator("#price")).to_contain_text("45.90")
    expect(page.locator("#offer")).to_contain_text("29.90")
    expect(page.locator("#variants")).to_contain_text("45.90")
    expect(page.locator("#history")).to_contain_text("All 4 points")
    expect(page.locator("#record")).not_to_contain_text(changed)
    expect(page.locator("#outcome")).to_have_attribute("aria-live", "polite")
    assert page.locator("[id='live']").count() == 1


def test_refreshing_works_without_scripts(scriptless, filled: Store, settings: Settings) -> None:
    scriptless.sign_in(MANAGER)
    scriptless.go(f"/products/{LAMP}")
    with shop_worker(settings, "it:bottega", after(0, filled, 2990)):
        scriptless.page.get_by_role("button", name="Refresh price").click()
        expect(scriptless.page.locator("#notices")).to_contain_text("was")

    expect(scriptless.page.locator("#live")).to_contain_text("45.90")


def test_somebody_signed_out_meanwhile_is_led_to_the_log_in_page(agent_desk) -> None:
    agent_desk.go(f"/products/{LAMP}")
    agent_desk.page.context.clear_cookies()
    agent_desk.page.locator("#refresh").click()

    expect(agent_desk.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(agent_desk.page).to_have_url(re.compile(r"/login\?next=/products/it:bottega:8411$"))
    agent_desk.complaints.clear()  # the browser remarks on the 401 itself


def test_a_product_that_vanished_is_told_where_people_look(agent_desk, filled: Store) -> None:
    agent_desk.go(f"/products/{LAMP}")
    filled.products._products.delete_one({"_id": LAMP})
    agent_desk.page.locator("#refresh").click()

    expect(agent_desk.page.locator("#notices")).to_contain_text("There is no product it:bottega:8411.")
    agent_desk.complaints.clear()  # the browser remarks on the 404 itself
