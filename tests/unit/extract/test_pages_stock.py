"""Whether a page's product can be bought: words, buttons, forms and markup that say so, and those that are about something else."""

import pytest
from shop_page import Case, assert_read, data, shop_page


def page(body: str, *, availability: str | None = None, language: str = "en") -> str:
    """A page of a kettle at £30 with this below its price, and with what JSON-LD may say of its stock."""
    offer = {"@type": "Offer", "price": "30.00", "priceCurrency": "GBP"} | (
        {"availability": availability} if availability else {}
    )
    node = {"@type": "Product", "name": "Kettle", "sku": "KT-1", "offers": offer}
    product = f"<h1>Kettle</h1><p class='price'>£30.00</p><p>SKU: KT-1</p>{body}"
    return shop_page(product, name="Kettle", language=language, head=data(node) if availability else "")


IN, OUT = "https://schema.org/InStock", "https://schema.org/OutOfStock"
AVAILABLE = {
    "nothing said": page(""),
    "only a few left": page("<p>Hurry, only 3 left!</p><button>Add to cart</button>"),
    "some sizes are sold out": page(
        "<ul class='sizes'><li class='sold-out'>S – Sold out</li><li>M</li><li class='sold-out'>L – Sold out</li></ul><button>Add to cart</button>"
    ),
    "options of a list are out of stock": page(
        "<select><option>S (out of stock)</option><option>M</option></select><button>Add to cart</button>"
    ),
    "a form for messages waits hidden": page(
        "<button>Add to cart</button><div class='modal'><h3>Notify me when back in stock</h3><input type='email'></div>"
    ),
    "messages for scripts wait hidden": page(
        "<button>Add to cart</button><div style='display:none'>Sorry, this product is currently unavailable</div>"
    ),
    "the button is a field": page("<form><input type='submit' value='Add to basket'></form>"),
    "the button is a picture": page("<form><input type='image' src='b.gif' alt='Add to cart'></form>"),
    "sold out in the nearest shop only": page(
        "<button>Add to cart</button><div class='store-pickup'>Not available for pickup in Leeds</div>", availability=IN
    ),
    "a picture is not available": page("<p>Image not available</p><button>Add to cart</button>"),
    "not in the nearest shop, and no markup": page("<p>Unavailable in this store</p><button>Add to cart</button>"),
    "markup says pre-order": page("<button>Pre-order</button>", availability="https://schema.org/PreOrder"),
    "markup was never updated, the button is there": page(
        "<p>In stock</p><button>Add to cart</button>", availability=OUT
    ),
    "a badge that the theme always renders": page(
        "<span class='badge price__badge-sold-out'>Sold out</span><button>Add to cart</button>"
    ),
    "back order": page("<p class='stock'>Available on backorder</p><button>Add to cart</button>"),
    "reviews speak of stock": page(
        "<button>Add to cart</button><div class='reviews'><p>Was out of stock for months</p></div>"
    ),
    "an ordered date": page("<p>Delivery in 5-7 days</p><button>Buy now</button>"),
    "out of stock is what a question is about": page(
        "<button>Add to cart</button><div class='faq'><h4>What if an item is out of stock?</h4></div>", availability=IN
    ),
}
SOLD_OUT = {
    "the words by the price": page("<p>Out of stock</p>"),
    "the words in a badge": page("<span class='badge'>SOLD OUT</span>"),
    "a button that is disabled says so": page("<button disabled>Sold out</button>", availability=IN),
    "the button waits hidden": page(
        "<p class='stock'>Out of stock</p><button style='display:none'>Add to cart</button>"
    ),
    "the button is disabled, the words are plain": page("<p>Out of stock</p><button disabled>Add to cart</button>"),
    "the field is disabled": page("<p>Out of stock</p><input type='submit' disabled value='Add to cart'>"),
    "only the markup says so": page("", availability=OUT),
    "a form for messages instead of a button": page(
        "<form><p>Email me when available</p><input type='email'><button>Send</button></form>"
    ),
    "the markup and a form": page("<button>Notify me</button>", availability=OUT),
    "discontinued": page("<p>This product has been discontinued</p>", availability="https://schema.org/Discontinued"),
    "Italian": page("<p>Prodotto non disponibile</p><button>Avvisami</button>", language="it"),
    "French": page("<p>Produit temporairement indisponible</p>", language="fr"),
    "German": page("<p>Dieser Artikel ist derzeit nicht verfügbar!</p>", language="de"),
    "Spanish": page("<p>Producto agotado</p><button>Avísame</button>", language="es"),
    "Portuguese": page("<p>Produto indisponível</p><button>Avise-me quando chegar</button>", language="pt"),
    "Polish": page("<p>Produkt niedostępny</p>", language="pl"),
    "Russian": page("<p>Нет в наличии</p><button>Сообщить о поступлении</button>", language="ru"),
    "Japanese": page("<p>在庫切れ</p><button>再入荷お知らせ</button>", language="ja"),
    "ended": page("<p>This listing has ended.</p>"),
    "sold": page("<p>This item has been sold</p>"),
}


URL = "https://shop.example/kettle"
CASES = {name: Case(html, URL, "30.00", "GBP", "KT-1") for name, html in AVAILABLE.items()}
CASES |= {name: Case(html, URL, "30.00", "GBP", "KT-1", "OutOfStock") for name, html in SOLD_OUT.items()}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_whether_it_can_be_bought(case: Case) -> None:
    assert len(CASES) == len(AVAILABLE) + len(SOLD_OUT)
    assert_read(case)
