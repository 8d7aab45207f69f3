import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listino.extract import Extracted, extract

URL = "https://shop.example/p/1"


def page(*nodes: Any, body: str = "", language: str = "it") -> str:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)
    return f'<html lang="{language}"><head>{scripts}</head><body>{body}</body></html>'


def product(**properties: Any) -> dict[str, Any]:
    return {"@type": "Product", "name": "Moka", **properties}


def offer(price: Any, **properties: Any) -> dict[str, Any]:
    return {"@type": "Offer", "price": price, "priceCurrency": "EUR", **properties}


def test_everything_a_page_says() -> None:
    node = product(
        sku="8411", gtin13="4006381333931", brand={"@type": "Brand", "name": "Perché"},
        image=["/a.jpg", {"url": "/b.jpg"}], description="<p>Per <b>tre</b></p><p>tazze</p>",
        offers=offer("19.90", availability="https://schema.org/InStock"),
    )  # fmt: skip
    assert extract(page(node), URL) == Extracted(
        url=URL,
        name="Moka",
        brand="Perché",
        sku="8411",
        gtin="4006381333931",
        price=Decimal("19.90"),
        currency="EUR",
        availability="InStock",
        images=("https://shop.example/a.jpg", "https://shop.example/b.jpg"),
        description="Per tre tazze",
    )


@pytest.mark.parametrize(
    ("offers", "price"),
    [
        (offer(19.9), "19.90"),
        (offer("19.90"), "19.90"),
        (offer("19,90 €"), "19.90"),
        (offer("1.299"), "1299.00"),
        ([offer(25), offer(19.9)], "19.90"),
        ({"@type": "AggregateOffer", "lowPrice": 19.9, "highPrice": 30, "priceCurrency": "EUR"}, "19.90"),
        ({"@type": "AggregateOffer", "lowPrice": 1, "offers": [offer(19.9), offer(25)]}, "19.90"),
        ({"priceSpecification": {"price": 19.9, "priceCurrency": "EUR"}}, "19.90"),
        (
            {
                "priceCurrency": "EUR",
                "priceSpecification": [
                    {"price": 30, "priceType": "https://schema.org/StrikethroughPrice"},
                    {"price": 19.9},
                ],
            },
            "19.90",
        ),
        ({"priceCurrency": "EUR", "priceSpecification": {"price": 30, "priceType": "https://schema.org/ListPrice"}}, None),
        # Two currencies are never compared.
        ([offer(25), offer(19.9, priceCurrency="USD")], "25.00"),
        # A price of nothing is no price.
        (offer(0), None),
        (offer("0.00"), None),
        (offer(None), None),
        (offer("su richiesta"), None),
        (offer(1e300), None),
        (offer("9" * 60), None),
        (offer(True), None),
        (offer(19.9, priceCurrency="EURO"), None),
        ("19.90", None),
    ],
    ids=str,
)  # fmt: skip
def test_the_price_of_the_offers(offers: Any, price: str | None) -> None:
    assert extract(page(product(offers=offers)), URL).price == (None if price is None else Decimal(price))


def test_the_lowest_of_a_groups_variants() -> None:
    variants = [product(sku="a", offers=offer(30)), product(sku="b", offers=offer(19.9, availability="InStock"))]
    found = extract(page({"@type": "ProductGroup", "name": "Moka", "productGroupID": "g", "hasVariant": variants}), URL)
    assert (found.sku, found.price, found.availability) == ("g", Decimal("19.90"), "InStock")


@pytest.mark.parametrize(
    ("said", "availability"),
    [
        (["https://schema.org/InStock"], "InStock"),
        (["http://schema.org/InStock/"], "InStock"),
        (["InStock"], "InStock"),
        ([{"@id": "https://schema.org/OutOfStock"}], "OutOfStock"),
        (["SoldOut", "LimitedAvailability"], "InStock"),
        (["SoldOut", "Discontinued"], "OutOfStock"),
        (["PreOrder"], "InStock"),
        (["perhaps"], None),
        ([], None),
    ],
)
def test_availability(said: list[Any], availability: str | None) -> None:
    offers = [offer(1, availability=state) for state in said]
    assert extract(page(product(offers=offers)), URL).availability == availability


def test_the_product_named_as_the_heading_is_the_pages() -> None:
    nodes = (product(name="Altra", offers=offer(1)), product(name="Caffè &amp; tè", offers=offer(2)))
    found = extract(page(*nodes, body="<h1>Caffè &amp; tè</h1>"), URL)
    assert (found.name, found.price) == ("Caffè & tè", Decimal("2.00"))


def test_without_a_heading_the_first_product_with_an_offer_is_the_pages() -> None:
    found = extract(page(product(name="Senza"), product(name="Con", offers=offer(2))), URL)
    assert (found.name, found.price) == ("Con", Decimal("2.00"))


def test_the_product_of_a_web_page_is_found() -> None:
    found = extract(page({"@type": "WebPage", "mainEntity": product(offers=offer(2))}), URL)
    assert (found.name, found.price) == ("Moka", Decimal("2.00"))


def test_a_related_product_is_never_the_pages() -> None:
    body = """<h1>Moka</h1><div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Moka per tre</b>
      <div itemprop="isRelatedTo" itemscope itemtype="https://schema.org/Product"><b itemprop="name">Moka</b>
        <p itemprop="offers" itemscope itemtype="https://schema.org/Offer"><b itemprop="price">5,00 €</b></p></div>
      <p itemprop="offers" itemscope itemtype="https://schema.org/Offer"><del>30,00 €</del><b itemprop="price">19,90 €</b></p>
    </div>"""
    found = extract(page(body=body), URL)
    assert (found.name, found.price, found.currency) == ("Moka per tre", Decimal("19.90"), "EUR")


def test_json_ld_that_names_no_product_leaves_the_word_to_microdata() -> None:
    body = '<p itemscope itemtype="https://schema.org/Product"><b itemprop="name">Moka</b></p>'
    assert extract(page({"@type": "Organization", "name": "Shop"}, body=body), URL).name == "Moka"


def meta(**properties: str) -> str:
    elements = "".join(
        f'<meta property="{name.replace("_", ":", 1)}" content="{text}">' for name, text in properties.items()
    )
    return f'<html lang="it"><head>{elements}</head></html>'


def test_a_page_with_meta_elements_only() -> None:
    found = extract(
        meta(
            og_title="Moka", og_image="/a.jpg", og_description="Per tre &amp;lt;tazze&amp;gt;", product_brand="Perché",
        ).replace("</head>", '<meta property="product:price:amount" content="19,90"><meta property="product:price:currency" content="EUR"></head>'),
        URL,
    )  # fmt: skip
    assert (found.name, found.brand, found.images) == ("Moka", "Perché", ("https://shop.example/a.jpg",))
    assert (found.price, found.currency) == (Decimal("19.90"), "EUR")


def test_a_reduced_price_in_meta_elements_is_the_price() -> None:
    amounts = {"product:price": "30.00", "product:sale_price": "19.90"}
    html = "".join(
        f'<meta property="{name}:amount" content="{amount}"><meta property="{name}:currency" content="EUR">'
        for name, amount in amounts.items()
    )
    assert extract(html, URL).price == Decimal("19.90")
    assert extract('<meta property="product:price:amount" content="0">', URL).price is None


@pytest.mark.parametrize(
    "html", ["", " ", "\x00", "<", "<html>", "no markup", "{}", "<h1></h1>", "\ud800", "<!--" * 1000]
)
def test_garbage_says_nothing(html: str) -> None:
    found = extract(html, URL)
    assert (found.url, found.name, found.price, found.images) == (URL, None, None, ())


@pytest.mark.parametrize(
    "node",
    [
        product(image="http://[x", offers=offer(1)),
        product(image=[None, 5, {}, ["x"]], offers=[None, 5, "x", {}]),
        product(name={"name": {"name": "deep"}}, brand=[[]], gtin={"a": 1}, sku=[{}], description=["", None]),
        {"@type": ["Product", None, 5], "hasVariant": [None, 5, "x"], "offers": {"offers": [None]}},
        {"@type": {"a": 1}},
        {"@type": "WebPage", "mainEntity": [None, 5, {"mainEntity": {}}]},
    ],
    ids=str,
)
def test_a_node_of_any_shape_raises_nothing(node: Any) -> None:
    assert extract(page(node), URL).url == URL


def test_nodes_may_nest_deeper_than_python_calls() -> None:
    nested = '{"mainEntity":' * 1000 + json.dumps(product()) + "}" * 1000
    html = f'<script type="application/ld+json">{nested}</script>'
    assert extract(html, URL).name in ("Moka", None)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["price", "name", "url", "offers", "@id", "value"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None, database=None)
@given(
    st.dictionaries(
        st.sampled_from(["name", "offers", "image", "sku", "gtin", "brand", "description", "hasVariant", "productGroupID"]),
        anything,
    )
)  # fmt: skip
def test_no_product_node_is_too_odd(properties: dict[str, Any]) -> None:
    found = extract(page({"@type": "Product", **properties}), URL)
    assert found.price is None or found.price > 0
