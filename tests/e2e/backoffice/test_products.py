import re
import time

from integration.backoffice.goods import AGENT, GTIN, LAMP, MANAGER, relamp
from integration.backoffice.shop_worker import shop_worker
from playwright.sync_api import expect

from listino.domain.clock import utc_now
from listino.live.answer import LiveAnswer
from listino.live.legs import Legs
from listino.settings import Settings
from listino.store.client import Store


def way() -> Legs:
    """How a refresh went whose shop took its time."""
    began = round(time.time() * 1_000_000)
    moments = {"requested": 0, "queued": 1, "started": 3, "asked": 4, "answered": 184, "stored": 195, "delivered": 200}
    return Legs(**{name: began + ms * 1000 for name, ms in moments.items()})


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
            legs=way(),
        )

    return answer


def test_a_product_is_found_by_keyboard_alone(reader) -> None:
    page = reader.page
    reader.go("/")
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


def test_a_slash_in_a_field_is_a_slash(reader) -> None:
    reader.go("/products")
    brand = reader.page.get_by_label("Brand")
    brand.focus()
    reader.page.keyboard.type("a/b")
    expect(brand).to_have_value("a/b")


def test_a_brand_is_suggested_while_it_is_typed(reader) -> None:
    reader.go("/products")
    page = reader.page
    page.get_by_label("Brand").press_sequentially("casa")
    expect(page.locator("#brand-names option")).to_have_count(1)
    expect(page.locator("#brand-names option")).to_have_attribute("value", "Casa Blu")

    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/products\?brand=casa$"))
    page.get_by_label("Brand").fill("casa blu")
    page.keyboard.press("Enter")
    expect(page.locator(".row-link")).to_have_count(25)


def test_the_list_goes_on_and_back(reader) -> None:
    reader.go("/products?market=it")
    first = reader.page.locator(".row-link").first.inner_text()
    reader.page.get_by_role("link", name="Next page").click()
    expect(reader.page.locator(".row-link").first).not_to_have_text(first)
    reader.page.get_by_role("link", name="First page").click()
    expect(reader.page.locator(".row-link").first).to_have_text(first)


def test_the_skip_link_comes_first_and_leads_to_the_content(reader) -> None:
    reader.go("/crawls")
    reader.page.keyboard.press("Tab")
    expect(reader.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("main")).to_be_focused()


def test_thumbnails_change_the_large_photo_by_mouse_and_by_keyboard(reader) -> None:
    reader.go(f"/products/{LAMP}")
    large, thumbnails = reader.page.locator("#photo"), reader.page.locator("[data-photo]")
    expect(large).to_have_attribute("src", "https://photos.example/brass.jpg")
    thumbnails.nth(1).click()
    expect(large).to_have_attribute("src", "https://photos.example/slate.jpg")
    expect(thumbnails.nth(1)).to_have_attribute("aria-current", "true")
    reader.page.keyboard.press("ArrowRight")
    expect(large).to_have_attribute("src", "https://photos.example/brass.jpg")
    expect(thumbnails.nth(0)).to_be_focused()


def test_a_photo_that_is_not_there_gives_way_to_words(reader) -> None:
    reader.page.context.route("https://photos.example/brass.jpg", lambda route: route.fulfill(status=404))
    reader.go(f"/products/{LAMP}")

    expect(reader.page.get_by_text("The photo cannot be loaded")).to_be_visible()
    expect(reader.page.locator("#photo")).to_be_hidden()
    reader.complaints.clear()  # the browser remarks on the 404 itself


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
            re.compile(r"Fresh from the shop in \d+ ms: €45\.90, was €47\.90\.")
        )

    shown = page.get_by_role("region", name="Legs of this refresh")
    expect(shown.get_by_role("row")).to_have_count(7)
    expect(shown.get_by_role("row", name="the shop answers")).to_contain_text("180.0")
    assert shown.locator(".way-shop").evaluate("bar => Number(bar.getAttribute('width'))") > 5
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

    expect(scriptless.page.locator("#outcome")).to_contain_text("the shop answers")
    expect(scriptless.page.locator("#live")).to_contain_text("45.90")


def test_somebody_signed_out_meanwhile_is_led_to_the_log_in_page(reader) -> None:
    reader.go(f"/products/{LAMP}")
    reader.page.context.clear_cookies()
    reader.page.locator("#refresh").click()

    expect(reader.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(reader.page).to_have_url(re.compile(r"/login\?next=/products/it:bottega:8411$"))
    reader.complaints.clear()  # the browser remarks on the 401 itself


def test_a_product_that_vanished_is_told_where_people_look(agent_desk, filled: Store) -> None:
    agent_desk.go(f"/products/{LAMP}")
    filled.products._products.delete_one({"_id": LAMP})
    agent_desk.page.locator("#refresh").click()

    expect(agent_desk.page.locator("#notices")).to_contain_text("There is no product it:bottega:8411.")
    agent_desk.complaints.clear()  # the browser remarks on the 404 itself


def test_a_product_is_found_whatever_its_capitals_by_its_gtin_and_by_filters(reader) -> None:
    page = reader.page
    reader.go("/products")
    page.get_by_role("searchbox", name="Search").fill("lAMPADA PERL")
    page.keyboard.press("Enter")
    expect(page.locator(".row-link")).to_have_text(["Lampada da tavolo Perla"] * 2)
    page.get_by_role("searchbox", name="Search").fill(GTIN)
    page.get_by_label("Market").select_option("de")
    expect(page).to_have_url(re.compile(rf"\?q={GTIN}&market=de$"))
    expect(page.locator(".row-link")).to_have_count(1)
    page.get_by_role("searchbox", name="Search").fill("")
    page.get_by_label("Price from").fill("40")
    page.get_by_label("Availability").select_option("InStock")
    expect(page).to_have_url(re.compile(r"/products\?market=de&availability=InStock&least=40$"))
    expect(page.locator("#found .order")).to_have_text("The cheapest first.")
    expect(page.locator(".row-link")).to_have_count(1)
    page.get_by_label("Price from").fill("lots")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("lots is no price that can be understood")
    expect(page.get_by_label("Price from")).to_have_value("lots")


def test_a_history_has_three_lengths(reader) -> None:
    reader.go(f"/products/{LAMP}")
    page, history = reader.page, reader.page.locator("#history")
    expect(history).to_contain_text("All 3 points")
    expect(history.locator(".stock-out")).to_have_count(1)
    history.get_by_role("link", name="30 days").click()
    expect(page).to_have_url(re.compile(r"\?days=30#history$"))
    expect(history.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")
    expect(history.locator("svg.chart")).to_be_visible()


def test_a_wrong_product_is_corrected_held_and_released(agent_desk, filled: Store) -> None:
    page = agent_desk.page
    agent_desk.go(f"/products/{LAMP}")
    page.get_by_role("link", name="Correct", exact=True).click()
    page.get_by_label("Brand").fill("Lumière")
    page.get_by_label("Reason").fill("as on the box")
    page.get_by_role("button", name="Correct").click()
    expect(page.locator("#notices")).to_contain_text("corrected.")
    expect(page.locator(".facts")).to_contain_text("Lumière")
    expect(page.locator("#handling")).to_contain_text("the shop shows: Lumiè")
    page.get_by_role("button", name="Undo the correction of: Brand").click()
    expect(page.locator("#handling")).to_contain_text("Shown and sold as its shop has it.")

    page.get_by_role("link", name="Hold from sale").click()
    page.get_by_label("Reason").fill("The price is of one piece, not of three")
    page.get_by_role("button", name="Hold from sale").click()
    expect(page.locator("#live")).to_contain_text("Shoppers do not see it: The price is of one piece, not of three")
    expect(page.locator("#handling")).to_contain_text(f"by {AGENT}")
    expect(page.get_by_role("button", name="Release for sale")).to_have_count(0)
    assert filled.products.get(LAMP).stop is not None

    page.get_by_role("button", name="Sign out").click()
    agent_desk.sign_in(MANAGER)
    agent_desk.go("/products?only=stopped")
    page.locator(".row-link").click()
    page.get_by_role("button", name="Release for sale").click()
    expect(page.locator("#notices")).to_contain_text("released for sale.")
    expect(page.locator("#live")).not_to_contain_text("Shoppers do not see it")
