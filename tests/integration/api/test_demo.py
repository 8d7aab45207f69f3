"""The demo product page and the script for storefronts."""

from collections.abc import Callable
from html import escape

import httpx2

from listino.domain.clock import utc_now
from listino.domain.product import Product
from listino.store.client import Store

Make = Callable[..., Product]
BAD = '<script>alert(1)</script>" onload="x'


async def test_the_page_shows_the_product_and_trusts_none_of_it(
    client: httpx2.AsyncClient, store: Store, goods: Make
) -> None:
    store.products.upsert([goods("8411", name=BAD, description=BAD, category=BAD, brand=BAD)])

    page = await client.get("/demo/it:bottega:8411")

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert page.text.count(escape("<script>alert(1)</script>")) >= 4
    assert '<span class="price" data-listino-price="it:bottega:8411">30,90\u00a0€</span>' in page.text
    assert ' data-listino-state="InStock">Disponibile</span>' in page.text
    assert 'lang="it"' in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
    assert "img-src data: https://b.example;" in policy
    assert "unsafe" not in policy


async def test_a_product_without_photos_or_price_has_a_page(client: httpx2.AsyncClient, store: Store) -> None:
    store.products.upsert([Product(id=500, name="Camo Onesie")])
    page = await client.get("/demo/500")
    assert (page.status_code, 'data-listino-price="500">–</span>' in page.text) == (200, True)


async def test_what_is_gone_or_unknown_is_a_problem(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert([goods("9")])
    store.products.mark_gone(["it:bottega:9"], utc_now())
    assert [(await client.get(f"/demo/{one}")).status_code for one in ("it:bottega:9", "it:bottega:404")] == [410, 404]


async def test_a_browser_is_shown_a_page_of_it(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert([goods("9")])
    store.products.mark_gone(["it:bottega:9"], utc_now())
    for product_id, status in (("unknown-id", 400), ("it:bottega:404", 404), ("it:bottega:9", 410)):
        page = await client.get(f"/demo/{product_id}", headers={"Accept": "text/html,*/*;q=0.8"})
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert "<h1>" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'; ")


async def test_the_script_is_small_and_kept_no_longer_than_it_is_the_same(client: httpx2.AsyncClient) -> None:
    script = await client.get("/static/listino-price.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert len(script.content) < 4096
    again = await client.get("/static/listino-price.js", headers={"If-None-Match": script.headers["etag"]})
    assert again.status_code == 304
