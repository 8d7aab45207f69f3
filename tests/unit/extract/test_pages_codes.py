"""The code of a page's product: under its label, in a table, in the address, in a form; and what only looks like one."""

import pytest
from shop_page import Case, assert_read, data, shop_page


def page(body: str, *, language: str = "en", head: str = "") -> str:
    """A page of a kettle at 30 pounds with this below its price."""
    return shop_page(
        f"<h1>Kettle</h1><p class='price'>£30.00</p>{body}<button>Add to cart</button>",
        name="Kettle",
        language=language,
        head=head,
    )


def product(**properties: object) -> str:
    return data({"@type": "Product", "name": "Kettle", **properties})


BARE = "https://shop.example/kettle"
CODES = {
    "a table of specifications": (page("<table><tr><th>Brand</th><td>Ember</td></tr><tr><th>Item number</th><td>88-1204</td></tr><tr><th>Capacity</th><td>1.7 l</td></tr></table>"), BARE, "88-1204"),
    "a definition list": (page("<dl><dt>EAN</dt><dd>4006381333931</dd><dt>Article No.</dt><dd>EM-17</dd></dl>"), BARE, "EM-17"),
    "several in one line": (page("<p>Brand: Ember | SKU: EM17 | EAN: 4006381333931</p>"), BARE, "EM17"),
    "a line with commas": (page("<p>Art. 5512, Farbe schwarz</p>", language="de"), BARE, "5512"),
    "in brackets": (page("<p>(Art.-Nr. 104-88)</p>", language="de"), BARE, "104-88"),
    "a hash": (page("<p>Item #10448</p>"), BARE, "10448"),
    "glued to its label": (page("<p>Réf.10448</p>", language="fr"), BARE, "10448"),
    "with a number sign": (page("<p>Item No: #10448</p>"), BARE, "10448"),
    "with a slash and a dot": (page("<p>Codice: 10.448/B</p>", language="it"), BARE, "10.448/B"),
    "letters only": (page("<p>SKU: KETTLEBLK</p>"), BARE, "KETTLEBLK"),
    "small letters": (page("<p>SKU: em-kettle-17</p>"), BARE, "em-kettle-17"),
    "not given": (page("<p>SKU: N/A</p>"), BARE, None),
    "the label and a marketing line": (page("<p>Ref: See the box</p>"), BARE, None),
    "article and manufacturer": (page("<p>Herst.-Nr.: KX-1</p><p>Artikelnummer: 90011</p>", language="de"), BARE, "90011"),
    "model only": (page("<p>Model: KX-1</p>"), BARE, "KX-1"),
    "markup's own code and another that is shown": (page("<p>Product code: KX-100</p>", head=product(sku="99281")), BARE, "KX-100"),
    "markup's code, nothing shown": (page("", head=product(sku="99281")), BARE, "99281"),
    "markup's productID with its kind": (page("", head=product(productID="sku:99281")), BARE, "99281"),
    "markup's number is a number": (page("", head=product(sku=99281)), BARE, "99281"),
    "markup's sku is the address": (page("<p>Product code: KX-100</p>", head=product(sku="https://shop.example/kettle")), BARE, "KX-100"),
    "markup's sku is the name": (page("<p>Ref. 5571</p>", head=product(sku="Kettle")), BARE, "5571"),
    "the address ends in it": (page(""), "https://shop.example/p/kettle-1048831", None),
    "the address ends in it, the page's data say so too": (page("<div data-product-id='1048831'></div>"), "https://shop.example/p/kettle-1048831", "1048831"),
    "a segment of its own": (page("<script>var p = {\"id\": \"1048831\"}; track(\"1048831\");</script>"), "https://shop.example/p/1048831", "1048831"),
    "the address, written as the page does": (page("<p>KT 104.88.31</p><div data-pid='1048831'></div><span>104.88.31</span>"), "https://shop.example/p/1048831", "104.88.31"),
    "a parameter": (page("<input type='hidden' name='product_id' value='552'>"), "https://shop.example/index.php?route=product/product&product_id=552", "552"),
    "numbers of the name are no code": (page(""), "https://shop.example/iphone-12-pro-128gb", None),
    "a year in the address": (page(""), "https://shop.example/sale-2024/kettle", None),
    "another product's code": (page("<div class='related'><p>SKU: ZZ-9</p></div><p>SKU: KX-1</p>"), BARE, "KX-1"),
    "a telephone and an order number": (page("<p>Order by phone: 0800 123 456</p><p>Company no. 1234567</p><p>Ref. KX-1</p>"), BARE, "KX-1"),
    "hebrew": (page("<p>מק\"ט: 10448</p>", language="he"), BARE, "10448"),
    "russian": (page("<p>Артикул: КХ-100</p>", language="ru"), BARE, "КХ-100"),
    "russian, in the next element": (page("<span>Код товара:</span> <span>104480</span>", language="ru"), BARE, "104480"),
    "ukrainian": (page("<p>Код: 104480</p>", language="uk"), BARE, "104480"),
    "czech": (page("<p>Katalogové číslo: 10-448</p>", language="cs"), BARE, "10-448"),
    "portuguese": (page("<p>Cód. do produto: 10448</p>", language="pt"), BARE, "10448"),
    "spanish": (page("<p>Ref. 10448-001</p>", language="es"), BARE, "10448-001"),
    "danish": (page("<p>Varenummer: 10448</p>", language="da"), BARE, "10448"),
    "finnish": (page("<p>Tuotenumero 10448</p>", language="fi"), BARE, "10448"),
    "croatian": (page("<p>Šifra: 10448</p>", language="hr"), BARE, "10448"),
    "lithuanian": (page("<p>Prekės kodas: 10448</p>", language="lt"), BARE, "10448"),
    "hungarian": (page("<p>Cikkszám: 10448</p>", language="hu"), BARE, "10448"),
    "turkish": (page("<p>Ürün Kodu: 10448</p>", language="tr"), BARE, "10448"),
    "vietnamese": (page("<p>Mã sản phẩm: KX10448</p>", language="vi"), BARE, "KX10448"),
    "thai": (page("<p>รหัสสินค้า: KX10448</p>", language="th"), BARE, "KX10448"),
}  # fmt: skip
CASES = {name: Case(html, url, "30.00", "GBP", sku) for name, (html, url, sku) in CODES.items()}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_code_that_the_shop_knows_it_by(case: Case) -> None:
    assert_read(case)
