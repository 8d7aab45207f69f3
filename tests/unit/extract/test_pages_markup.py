"""Product pages whose markup is wrong, about other products, or written in an unusual way; and the visible page beside it."""

import pytest
from shop_page import Case, assert_read, data, shop_page


def page(*nodes: dict[str, object], body: str = "", price: str = "£30.00", code: str = "<p>SKU: KT-1</p>") -> str:
    """A page of a kettle that shows this price and this code."""
    shown = f"<h1>Kettle</h1><p class='price'>{price}</p>{code}{body}<button>Add to cart</button>"
    return shop_page(shown, name="Kettle", head=data(*nodes))


def product(name: str = "Kettle", **properties: object) -> dict[str, object]:
    return {"@type": "Product", "name": name, **properties}


def offer(price: object, **properties: object) -> dict[str, object]:
    return {"@type": "Offer", "price": price, "priceCurrency": "GBP", **properties}


URL = "https://shop.example/kettle"
PAGES = {
    "a price of nothing": page(product(sku="KT-1", offers=offer("0.00"))),
    "a price in pence": page(product(sku="KT-1", offers=offer(3000))),
    "yesterday's price": page(product(sku="KT-1", offers=offer("27.50")), price="Now £30.00"),
    "a net price": page(product(sku="KT-1", offers=offer("25.00")), price="£30.00 <small>£25.00 ex. VAT</small>"),
    "the price before the sale": page(product(sku="KT-1", offers=offer("40.00")), price="<del>£40.00</del> <ins>£30.00</ins>"),
    "the cheapest variant of several": page(product(sku="KT-1", offers={"@type": "AggregateOffer", "lowPrice": 12, "highPrice": 60, "priceCurrency": "GBP"})),
    "only other products": page(product("Tin cup 8001", sku="8001", offers=offer("7.50")), product("Pantry scale", sku="8002", offers=offer("219"))),
    "other products first": page(product("Tin cup 8001", sku="8001", offers=offer("7.50")), product(sku="KT-1", offers=offer("30.00"))),
    "a list of products": page({"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": product("Tin cup 8001", sku="8001", offers=offer("7.50"))}]}),
    "in a graph": page({"@graph": [{"@type": "WebSite", "name": "Emporium"}, product(sku="KT-1", offers=offer("30.00"))]}),
    "offers as a dict of lists": page(product(sku="KT-1", offers={"@type": "Offer", "price": ["30.00"], "priceCurrency": ["GBP"], "availability": ["InStock"]})),
    "a type as an address": page({"@type": "http://schema.org/Product", "name": "Kettle", "sku": "KT-1", "offers": {"@type": "http://schema.org/Offer", "price": "30.00", "priceCurrency": "GBP"}}),
    "a type in a list": page({"@type": ["Product", "Thing"], "name": "Kettle", "sku": "KT-1", "offers": offer("30.00")}),
    "a group of variants": page({"@type": "ProductGroup", "name": "Kettle", "productGroupID": "KT", "hasVariant": [product("Kettle – red", sku="KT-1", offers=offer(30)), product("Kettle – blue", sku="KT-2", offers=offer(30))]}),
    "availability as words": page(product(sku="KT-1", offers=offer("30.00", availability="In stock"))),
    "a currency as a sign": page(product(sku="KT-1", offers={"@type": "Offer", "price": "30.00", "priceCurrency": "£"})),
    "broken JSON": page().replace("</head>", '<script type="application/ld+json">{"@type": "Product", "name": "Kettle" "offers": </script></head>'),
    "microdata of others in a list": page(body="""<ul class="slider"><li itemscope itemtype="https://schema.org/Product"><span itemprop="name">Tin cup</span><span itemprop="sku">8001</span>
<span itemprop="offers" itemscope itemtype="https://schema.org/Offer"><span itemprop="price">£7.50</span><meta itemprop="priceCurrency" content="GBP"></span></li></ul>"""),
    "OpenGraph beside nothing": page().replace("</head>", '<meta property="og:type" content="product"><meta property="product:price:amount" content="30.00"><meta property="product:price:currency" content="GBP"></head>'),
}  # fmt: skip
CASES = {name: Case(html, URL, "30.00", "GBP", "KT-1") for name, html in PAGES.items()} | {
    "RDFa only": Case(
        """<html lang="en"><body vocab="https://schema.org/" typeof="Product"><h1 property="name">Kettle</h1><span property="sku">KT-1</span>
<div property="offers" typeof="Offer"><meta property="price" content="30.00"><meta property="priceCurrency" content="GBP"><link property="availability" href="https://schema.org/SoldOut"></div></body></html>""",
        URL, "30.00", "GBP", "KT-1", "OutOfStock",
    ),
    "meta elements only": Case(
        """<html lang="en"><head><meta property="og:title" content="Kettle"><meta property="og:price:amount" content="30.00"><meta property="og:price:currency" content="GBP">
<meta property="product:retailer_item_id" content="KT-1"><meta property="product:availability" content="oos"></head><body><div id="app"></div></body></html>""",
        URL, "30.00", "GBP", "KT-1", "OutOfStock",
    ),
    "a whole page that is one product, its parts far apart": Case(
        shop_page("""<div itemscope itemtype="http://schema.org/Product"><div><h1 itemprop="name">Kettle</h1></div><div><p>Our best.</p></div>
<div itemprop="offers" itemscope itemtype="http://schema.org/Offer"><span itemprop="priceCurrency" content="GBP">£</span><span itemprop="price" content="30.00">30.00</span><link itemprop="availability" href="http://schema.org/OutOfStock"></div>
<span itemprop="mpn" content="KT-1"></span></div>""", name="Kettle"),
        URL, "30.00", "GBP", "KT-1", "OutOfStock",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_markup_and_page_weighed(case: Case) -> None:
    assert_read(case)
