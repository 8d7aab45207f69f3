"""Finding products, their page, and asking their shop."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from integration.backoffice.goods import GONE, GTIN, LAMP, NOW, plain, relamp
from integration.backoffice.shop_worker import shop_worker

from backoffice.formats import moment
from backoffice.views import products as view
from listino.domain.clock import utc_now
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.live.answer import LiveAnswer, Reason
from listino.settings import Settings
from listino.store.client import Store

HTMX = {"HX-Request": "true"}


def names(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="[^"]+">([^<]+)<', page)


def plain_text(page: str) -> str:
    text = re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", text)


# ---------- search ----------


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("?q=lampada", ["Lampada da tavolo Perla"] * 2),
        ("?q=LUMI+perl", ["Lampada da tavolo Perla"] * 2),
        ("?q=perla&market=de", ["Lampada da tavolo Perla"]),
        (f"?q={GTIN}", ["Lampada da tavolo Perla"] * 2),
        ("?shop=lichthaus", ["Lampada da tavolo Perla"]),
        ("?category=Cameras", ["Catalogue camera"]),
        ("?brand=Casa+Blu&q=vaso", []),
        ("?brand=cASA+bLU&q=vaso&gone=1", ["Vaso antico"]),
        ("?brand=LUMIÈ", ["Lampada da tavolo Perla"] * 2),
        ("?brand=Casa", []),
        ("?brand=%2E*", []),
        ("?brand=%00", []),
        ("?brand=Casa+Blu&q=vaso&gone=1", ["Vaso antico"]),
        ("?availability=InStock", ["Lampada da tavolo Perla"] * 2),
        ("?availability=InStock&market=de&category=Lamps", ["Lampada da tavolo Perla"]),
        ("?least=40&most=50,00&market=it", ["Lampada da tavolo Perla"]),
        ("?q=LAMPADA&most=47&gone=1", ["Lampada da tavolo Perla"]),
        ("?only=gone", ["Vaso antico"]),
        ("?only=held", []),
        ("?only=stopped", []),
        ("?only=corrected&q=lampada", []),
        ("?since=2199-01-01", []),
    ],
)
def test_products_are_found_by_what_the_address_asks(reader, address: str, found: list[str]) -> None:
    assert names(reader.see(f"/products{address}")) == found


def test_the_form_shows_what_was_asked(reader) -> None:
    page = reader.see("/products?q=%22%3E%3Cscript%3E&market=fr&gone=1&shop=x")

    assert 'value="&#34;&gt;&lt;script&gt;"' in page
    assert "<script>" not in page
    assert '<option value="fr" selected>' in page
    assert re.search(r'name="gone" value="1" checked', page)


@pytest.mark.parametrize("filters", ["least=1&market=it", "since=2020-01-01&market=it&shop=bottega"])
def test_pages_of_sorted_lists_follow_each_other(reader, filters: str) -> None:
    first = reader.see(f"/products?{filters}")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = reader.see(following[1].replace("&amp;", "&"))
    met = [re.findall(r'class="row-link" href="/products/([^"]+)"', page) for page in (first, second)]
    assert [len(page) for page in met] == [25, 6]
    assert len({*met[0], *met[1]}) == 31


def test_filters_that_leave_too_much_are_told_in_words(reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listino.store.products.SEARCH_SECONDS", 1e-6)
    assert names(reader.see("/products?q=lampada&market=it")), "an index carries that: it has the time of any page"
    page = reader.see("/products?q=lampada&availability=InStock")
    assert "Too much to look through" in page
    assert 'value="lampada"' in page


def test_pages_follow_each_other_without_gap_or_repetition(reader) -> None:
    address, seen, pages = "/products?market=it", [], 0
    while address:
        page = reader.see(address)
        seen += re.findall(r'class="row-link" href="/products/([^"]+)"', page)
        pages += 1
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""

    assert pages == 2
    assert len(seen) == len(set(seen)) == 31
    assert seen == sorted(seen)
    assert 'href="/products?market=it"' in page, "the last page leads back to the first"


def test_a_search_goes_on_among_goods_that_have_a_word_cut_off(agent, filled: Store) -> None:
    page = agent.see("/products?q=tazzina+num")
    met = re.findall(r'class="row-link" href="/products/([^"]+)"', page)
    assert len(met) == 25
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    # Its last good has now every word whole, and is no more where the list goes on.
    filled.products.upsert([plain(met[-1].rsplit(":", 1)[-1], "Tazzina num")])

    page = agent.see(following[1].replace("&amp;", "&"))

    met += re.findall(r'class="row-link" href="/products/([^"]+)"', page)
    assert len(met) == len(set(met)) == 30
    assert 'rel="next"' not in page


def test_a_page_begins_where_its_address_says_whatever_came_since(agent, filled: Store) -> None:
    address = "/products?market=it&after=it:bottega:c010"
    before = names(agent.see(address))
    filled.products.upsert([plain("a000", "Newcomer")])

    assert names(agent.see(address)) == before


def test_an_id_alone_leads_to_its_product(reader) -> None:
    assert reader.client.get(f"/products?q={LAMP}").location == f"/products/{LAMP}"
    assert reader.client.get("/products?q=42").location == "/products/42"


@pytest.mark.parametrize(
    ("sent", "clean"),
    [
        ("?q=&shop=&category=", ""),
        ("?q=perla&market=&shop=+&brand=Casa+Blu&gone=1", "?q=perla&brand=Casa+Blu&gone=1"),
    ],
)
def test_an_address_does_not_keep_empty_fields(reader, sent: str, clean: str) -> None:
    answer = reader.client.get(f"/products{sent}")

    assert (answer.status_code, answer.location) == (302, f"/products{clean}")
    reader.see(answer.location)


@pytest.mark.parametrize(
    ("field", "typed", "names"),
    [
        ("brand", "", ["Casa Blu", "Lumiè"]),
        ("brand", "casa b", ["Casa Blu"]),
        ("brand", "LUM", ["Lumiè"]),
        ("brand", "blu", []),
        ("brand", "%00", []),
        ("category", "k", ["Kitchen"]),
        ("category", "c", ["Cameras"]),
    ],
)
def test_brands_and_categories_are_suggested(reader, field: str, typed: str, names: list[str]) -> None:
    options = reader.see(f"/products/suggestions/{field}?{field}={typed}")

    assert re.findall(r'<option value="([^"]+)">', options) == names


def test_only_some_names_are_suggested(agent, filled: Store) -> None:
    filled.products.upsert(
        [replace(plain(f"b{number}", "Cup"), brand=f"Brand {number:02}") for number in range(view.SUGGESTED + 5)]
    )

    options = agent.see("/products/suggestions/brand?brand=brand")

    assert re.findall(r'value="([^"]+)"', options) == [f"Brand {number:02}" for number in range(view.SUGGESTED)]


def test_nothing_found_says_what_to_do(reader) -> None:
    page = reader.see("/products?q=zzzz")

    assert "Nothing found" in page
    assert "try fewer" in page
    assert "Show all products" in page


@pytest.mark.parametrize(
    "address",
    [
        "/products?market=uk",
        "/products?after=%00",
        "/products?after=nonsense",
        "/products?after=cut~it:bottega:c010",
        "/products?q=tazza&after=cut~x",
    ],
)
def test_an_address_that_makes_no_sense_is_told_so(reader, address: str) -> None:
    answer = reader.client.get(address)

    assert answer.status_code == 400
    assert "cannot be understood" in answer.text


@pytest.mark.parametrize("text", ["%00", ".*", "%5B", "'", "%F0%9F%92%A1", "9" * 40, "a" * 5000])
def test_any_text_can_be_searched_for(reader, text: str) -> None:
    assert "Products" in reader.see(f"/products?q={text}&shop={text}")


# ---------- the product's page ----------


def test_a_product_page_shows_all_that_is_known(reader) -> None:
    page = reader.see(f"/products/{LAMP}")
    text = plain_text(page)

    assert "Lampada da tavolo Perla" in text
    assert "Warm light for long evenings" in text
    # What it costs, what it sells at and what remains: (31.90 + 4.90) / 1.22 · 1.30 · 1.22, rounded up.
    assert "Costs us delivered €36.80" in text
    assert "Shopper pays €47.90" in text
    assert "Margin net of 22% VAT €9.10 of the net price 23.2%" in text
    assert "→ rounded up to .90" in text or "rounded up to .90 €47.90" in text
    assert "struck through by the shop: €42.00" in text
    # Variants.
    assert "Brass S 8411-1 4006381333931 In stock 12 €31.90 €47.90" in text
    assert "Brass L 8411-2 – Out of stock 0" in text
    # The same good in Germany is cheaper.
    assert "Germany lichthaus · In stock €31.40 -€5.40" in text
    assert 'href="/products/de:lichthaus:8411"' in page
    # Photos, features, link to the shop.
    assert page.count("data-photo=") == 2
    assert "Material Brass" in text
    assert re.search(r'href="https://bottega.example/p/8411" rel="noreferrer noopener"', page)


def test_the_history_is_drawn_and_told(reader) -> None:
    page = reader.see(f"/products/{LAMP}")

    assert '<svg class="chart"' in page
    assert "<style" not in page
    history = plain_text(page[page.index('id="history"') :])
    assert "All 3 points" in history
    assert re.search(r"€47.90 €31.90 In stock .*€50.90 €34.00 Out of stock .*€46.90 €31.00 In stock", history)


def test_a_product_that_is_gone_says_so_first(reader) -> None:
    text = plain_text(reader.see(f"/products/{GONE}"))

    assert "Gone. The shop no longer has this product" in text
    assert "Was sold at" in text


def test_goods_of_a_catalogue_have_a_page_too(reader) -> None:
    page = reader.see("/products/42")
    text = plain_text(page)

    assert "Catalogue camera" in text
    assert "No shop offers this" in text
    assert "This product has no price." in text
    assert "An imported catalogue has no GTINs" in text
    assert 'id="refresh"' not in page, "there is no shop to ask"


def test_an_address_that_is_no_web_address_is_not_linked(agent, filled: Store) -> None:
    filled.products.upsert([plain("evil", "Trap <b>", url="javascript:alert(1)")])

    page = agent.see("/products/it:bottega:evil")

    assert "javascript:" not in page
    assert "Trap &lt;b&gt;" in page


def test_ids_with_encoded_characters_have_an_address(agent, filled: Store) -> None:
    product = plain("a/b c", "Odd one")
    assert product.id == "it:bottega:a%2Fb%20c"
    filled.products.upsert([product])

    (address,) = re.findall(r'class="row-link" href="([^"]+)">Odd one', agent.see("/products?q=odd"))

    assert "Odd one" in agent.see(address)


@pytest.mark.parametrize(
    "address",
    ["/products/it:bottega:none", "/products/nonsense", "/products/it:bottega:a/b", "/nowhere", "/crawls/none"],
)
def test_what_is_not_there_is_a_page_with_a_way_out(reader, address: str) -> None:
    answer = reader.client.get(address)

    assert answer.status_code == 404
    assert "To the start page" in answer.text
    assert 'aria-label="Main"' in answer.text


# ---------- the price of this moment ----------


def fresh(filled: Store, cost: int):
    """What a worker does: stores the new offer, then answers."""

    def answer(product_id: str) -> LiveAnswer:
        product = relamp(filled.products.get(product_id), cost, utc_now())
        filled.products.upsert([product])
        assert product.price is not None
        return LiveAnswer(
            product_id=product_id, as_of=utc_now(), price=product.price.amount, availability=Availability.IN_STOCK
        )

    return answer


def test_a_refresh_brings_the_new_price_into_the_page(agent, filled: Store, settings: Settings) -> None:
    with shop_worker(settings, "it:bottega", fresh(filled, 2990)):
        answer = agent.send(f"/products/{LAMP}/refresh", HTMX)

    text = plain_text(answer.text)
    assert answer.status_code == 200
    assert re.search(r"Fresh from the shop in \d+ ms: €45.90, was €47.90\.", text)
    assert "<html" not in answer.text
    for fragment in ("live", "price", "offer", "variants", "history", "record"):
        assert re.search(rf'id="{fragment}"[^>]*hx-swap-oob="true"', answer.text), fragment
    assert "Shopper pays €45.90" in text
    assert "All 4 points" in text
    changed = plain_text(str(moment(filled.products.get(LAMP).changed_at))).strip()
    assert f"Last changed {changed}" in text
    assert filled.products.get(LAMP).price.amount == Money(4590)
    assert 'listino_backoffice_refreshes_total{outcome="fresh"} 1.0' in agent.client.get("/metrics").text


def test_without_javascript_the_page_comes_again_with_the_result(agent, filled: Store, settings: Settings) -> None:
    with shop_worker(settings, "it:bottega", fresh(filled, 2990)):
        answer = agent.send(f"/products/{LAMP}/refresh")

    assert (answer.status_code, answer.location) == (303, f"/products/{LAMP}")
    assert "was €47.90." in plain_text(agent.see(answer.location))


SAID = {
    Reason.SHOP_SILENT: "The shop does not answer.",
    Reason.SHOP_REFUSED: "The shop refused to answer",
    Reason.SHOP_BUSY: "The shop is asked as often as it allows",
    Reason.UNREADABLE: "its answer could not be read",
    Reason.GONE: "do not promise it to anybody",
    Reason.FAILED: "Something broke on our side",
}


@pytest.mark.parametrize("reason", list(SAID))
def test_a_refresh_that_failed_says_why_and_keeps_the_price(
    agent, filled: Store, settings: Settings, reason: Reason
) -> None:
    def answer(product_id: str) -> LiveAnswer:
        if reason is Reason.GONE:
            filled.products.mark_gone([product_id], utc_now())
        return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=reason)

    with shop_worker(settings, "it:bottega", answer):
        text = plain_text(agent.send(f"/products/{LAMP}/refresh", HTMX).text)

    assert SAID[reason] in text
    assert "€47.90" in text
    assert ("Gone. The shop no longer has this product" in text) == (reason is Reason.GONE)


def test_a_shop_that_takes_too_long_is_not_waited_for(agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "REFRESH_WAIT_MS", 100)

    text = plain_text(agent.send(f"/products/{LAMP}/refresh", HTMX).text)

    assert "The shop had not answered after 0.1 s." in text
    assert "€47.90" in text


def test_goods_without_a_shop_cannot_be_asked_for(reader) -> None:
    assert "There is no shop to ask" in reader.send("/products/42/refresh", HTMX).text


def test_a_refresh_of_nothing_is_not_found_in_a_fragment(reader) -> None:
    answer = reader.send("/products/it:bottega:none/refresh", HTMX)

    assert answer.status_code == 404
    assert "<html" not in answer.text
    assert "There is no product it:bottega:none." in answer.text


def test_a_refresh_without_its_token_asks_nobody(app: Flask, agent) -> None:
    answer = agent.client.post(f"/products/{LAMP}/refresh", headers=HTMX)

    assert answer.status_code == 400
    assert app.extensions["listino"].jobs.queue("live").count == 0


def test_the_lowest_price_is_that_before_the_present_one(agent, filled: Store) -> None:
    def lowest() -> list[str]:
        return re.findall(r"Lowest in the 30 days before (\S+)", plain_text(agent.see(f"/products/{LAMP}")))

    assert lowest() == ["€46.90"]
    filled.products.upsert([relamp(filled.products.get(LAMP), 2000, NOW - timedelta(minutes=50))])
    assert lowest() == ["€46.90"], "the present reduction is no part of it"
    filled.products.upsert([relamp(filled.products.get(LAMP), 3190, NOW - timedelta(minutes=40))])

    assert lowest() == ["€32.90"]
    assert "Lowest in" not in agent.see("/products/it:bottega:c001"), "its price never changed"
