"""Product pages that show their price in ways that mislead: torn, twice, beside others, or nowhere in plain sight."""

import pytest
from shop_page import Case, assert_read, shop_page

CASES = {
    "cents raised": Case(
        shop_page("<h1>Sous-main en cuir</h1><div class='prix'>19<sup>€99</sup></div><p>Réf. 44120</p><button>Ajouter au panier</button>", name="Sous-main en cuir", language="fr"),
        "https://b.example/sous-main", "19.99", "EUR", "44120",
    ),
    "each part in its own element": Case(
        shop_page(
            "<h1>Lampada da tavolo</h1><div class='box'><span>19</span><span>,</span><span>99</span><span>€</span></div><p>Codice articolo: LT-19</p><a class='btn'>Acquista</a>",
            name="Lampada da tavolo", language="it",
        ),
        "https://b.example/lampada", "19.99", "EUR", "LT-19",
    ),
    "thousands and raised cents": Case(
        shop_page(
            "<h1>Leather sofa</h1><div class='price'><span>$</span><span>1,299</span><sup>99</sup></div><p>Item #: 7745120</p><button>Add to Cart</button>",
            name="Leather sofa", language="en-US",
        ),
        "https://b.example/sofa", "1299.99", "USD", "7745120",
    ),
    "a copy for screen readers": Case(
        shop_page(
            """<h1>Hand blender</h1><span class="a-price"><span class="offscreen visually-hidden">$34.98</span><span aria-hidden="true"><span>$</span><span>34<span>.</span></span><span>98</span></span></span>
<span>List Price: <span class="strike" style="text-decoration:line-through">$49.99</span></span><div>Item model number: HB-3</div><button>Add to Cart</button>""",
            name="Hand blender", language="en-US",
        ),
        "https://b.example/dp/hand-blender", "34.98", "USD", "HB-3",
    ),
    "a currency in the markup's attribute": Case(
        shop_page(
            """<h1>Kettlebell 8 kg</h1><div itemscope itemtype="https://schema.org/Product"><meta itemprop="name" content="Kettlebell 8 kg"><div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
<meta itemprop="priceCurrency" content="NOK"><span itemprop="price">349,-</span></div><span>Varenr. 60-118</span></div><button>Legg i handlekurv</button>""",
            name="Kettlebell 8 kg", language="no",
        ),
        "https://b.example/kettlebell", "349", "NOK", "60-118",
    ),
    "before the name": Case(
        shop_page(
            "<div class='top'><span class='price'>45,00 €</span></div><div class='gallery'><img src='a.jpg'></div><h1>Cuscino in lino</h1><p>Cod. CL-45</p><button>Aggiungi al carrello</button>",
            name="Cuscino in lino", language="it",
        ),
        "https://b.example/cuscino", "45.00", "EUR", "CL-45",
    ),
    "other products before it in a column of their own": Case(
        shop_page(
            """<div class="row"><div class="col-left"><h3>Bestseller</h3><ul><li><a href="/a">Tasse</a> <span class="price">4,90 €</span></li><li><a href="/b">Teller</a> <span class="price">6,90 €</span></li><li><a href="/c">Schale</a> <span class="price">8,90 €</span></li></ul></div>
<div class="col-right"><h1>Teekanne Gusseisen</h1><span class="price">59,90 €</span><p>Art.-Nr.: TK 590</p><button>In den Warenkorb</button></div></div>""",
            name="Teekanne Gusseisen", language="de",
        ),
        "https://b.example/teekanne", "59.90", "EUR", "TK 590",
    ),
    "instalments, loyalty points, protection plan": Case(
        shop_page(
            """<h1>Washing machine 8 kg</h1><div class="pdp-price"><p class="finance">From £12.50 per month</p><p class="current">£449.00</p><p class="save">Save £50.00</p><p class="was">Was £499.00</p><p class="points">Earn 449 points worth £4.49</p></div>
<ul class="services"><li>3 year care plan <b>£89.00</b></li><li>Installation <b>£25.00</b></li></ul><p>Product code: 183-2217</p><button>Add to basket</button>""",
            name="Washing machine 8 kg", language="en-GB",
        ),
        "https://b.example/washing-machine", "449.00", "GBP", "183-2217",
    ),
    "without tax first": Case(
        shop_page(
            """<h1>Perforateur 800 W</h1><div class="prices"><div class="price-ht">99,17 € HT</div><div class="price-ttc">119,00 € TTC</div><div>dont 0,50 € d'éco-participation</div></div><p>Référence : PF800</p><button>Ajouter au panier</button>""",
            name="Perforateur 800 W", language="fr",
        ),
        "https://b.example/perforateur", "119.00", "EUR", "PF800",
    ),
    "price per piece and per pack": Case(
        shop_page(
            """<h1>Fliese Terra 30x60</h1><div class="price-area"><span class="product-price">32,34 € / Paket</span><span class="base-price">(29,95 € / m²)</span></div><p>Artikelnummer 300-61</p><button>In den Warenkorb</button>""",
            name="Fliese Terra 30x60", language="de",
        ),
        "https://b.example/fliese", "32.34", "EUR", "300-61",
    ),
    "old and new in one line of text": Case(
        shop_page("<h1>Zaino trekking</h1><p class='prezzo'>Prima 89,00 € Ora 59,00 €</p><p>Rif: ZT-1</p><button>Aggiungi al carrello</button>", name="Zaino trekking", language="it"),
        "https://b.example/zaino", "59.00", "EUR", "ZT-1",
    ),
    "new before old in one line of text": Case(
        shop_page("<h1>Fahrradhelm</h1><p class='preis'>39,95 € statt 59,95 €</p><p>Bestell-Nr.: 77-12</p><button>In den Warenkorb</button>", name="Fahrradhelm", language="de"),
        "https://b.example/helm", "39.95", "EUR", "77-12",
    ),
    "sizes at their own prices": Case(
        shop_page(
            """<h1>Eau de parfum</h1><div class="variants"><label>30 ml <span>39,00 €</span></label><label class="active">50 ml <span>55,00 €</span></label><label>100 ml <span>82,00 €</span></label></div><div class="price">55,00 €</div><p>110,00 € / 100 ml</p><p>SKU: EDP50</p><button>Ajouter au panier</button>""",
            name="Eau de parfum", language="fr",
        ),
        "https://b.example/eau", "55.00", "EUR", "EDP50",
    ),
    "a cart that has something in it": Case(
        shop_page(
            """<div class="cart-panel"><p>1 item in your bag</p><p>Subtotal <b class="price">£99.00</b></p></div><h1>Espresso cups</h1><p class="price">£18.00</p><p>SKU: EC-6</p><button>Add to bag</button>""",
            name="Espresso cups", language="en-GB",
        ),
        "https://b.example/espresso-cups", "18.00", "GBP", "EC-6",
    ),
    "a heading of the shop, the name in another one": Case(
        shop_page("<h1><a href='/'>Emporium</a></h1><h2 class='product-name'>Wool blanket</h2><span class='price'>£75.00</span><p>Ref: WB75</p><button>Add to cart</button>", name="Wool blanket"),
        "https://b.example/wool-blanket", "75.00", "GBP", "WB75",
    ),
    "no heading, the name within the title": Case(
        shop_page("<div class='t'>Copper pan 24 cm</div><div><span>£62.50</span></div><p>Ref: CP-62</p><button>Add to cart</button>", name="Emporium – Copper pan 24 cm – free delivery"),
        "https://b.example/copper-pan", "62.50", "GBP", "CP-62",
    ),
    "each price of a pack in brackets": Case(
        shop_page("<h1>Duct tape, pack of 2</h1><div class='price'><span class='price'>$12.48</span><span class='price'>($6.24 / Item)</span></div><p>SKU: DT-2</p><button>Add to Cart</button>", name="Duct tape, pack of 2", language="en-US"),
        "https://b.example/duct-tape", "12.48", "USD", "DT-2",
    ),
    "the only amount, far from the name and nowhere called a price": Case(
        shop_page("<h1>Field atlas</h1>" + "<p>A page of it.</p>" * 90 + "<div><span>£22.50</span></div><p>Ref: FA-22</p>", name="Field atlas"),
        "https://b.example/field-atlas", "22.50", "GBP", "FA-22",
    ),
    "no heading at all": Case(
        shop_page("<div class='title'>Copper pan</div><div><span class='amount-now'>£62.50</span></div><p>Ref: CP-62</p><button>Add to cart</button>", name="Copper pan"),
        "https://b.example/copper-pan", "62.50", "GBP", "CP-62",
    ),
    "rating and reviews beside the name": Case(
        shop_page("<h1>Rice cooker</h1><p>4.7 (1,284)</p><p>Best seller #1 in Kitchen</p><div><b>$64.99</b></div><p>Model: RC-10</p><button>Add to cart</button>", name="Rice cooker", language="en-US"),
        "https://b.example/rice-cooker", "64.99", "USD", "RC-10",
    ),
    "Swiss francs": Case(
        shop_page("<h1>Velotasche</h1><div class='price'>CHF 1'249.00</div><span>statt CHF 1'499.00</span><p>Artikel 1049084</p><button>In den Warenkorb</button>", name="Velotasche", language="de-CH"),
        "https://b.example.ch/velotasche", "1249.00", "CHF", "1049084",
    ),
    "a wish that moves the price out of sight": Case(
        shop_page("<h1>Antique clock</h1><p>Price on request</p><p>Ref. 5521</p><a href='/contact'>Contact us</a>", name="Antique clock"),
        "https://b.example/antique-clock", None, None, "5521",
    ),
    "nothing to sell: sold out and no price": Case(
        shop_page("<h1>Silk scarf</h1><p>This item is out of stock.</p><p>Item no. 90-33</p>", name="Silk scarf"),
        "https://b.example/silk-scarf", None, None, "90-33", "OutOfStock",
    ),
    "rupees beside a crossed price and a percentage": Case(
        shop_page("<h1>Cotton kurta</h1><div><span>₹1,499</span> <span><s>₹2,999</s></span> <span>50% off</span></div><p>inclusive of all taxes</p><p>Product Code: 1145-772</p><button>ADD TO BAG</button>", name="Cotton kurta", language="en-IN"),
        "https://b.example.in/kurta/1145772/buy", "1499", "INR", "1145-772",
    ),
    "Hungarian forint, sale beside regular": Case(
        shop_page("<h1>Konyhai mérleg</h1><div class='ar'><span class='akcios'>7 990 Ft</span> <span class='eredeti'>Eredeti ár: 9 990 Ft</span></div><p>Cikkszám: KM-20</p><button>Kosárba</button>", name="Konyhai mérleg", language="hu"),
        "https://b.example.hu/merleg", "7990", "HUF", "KM-20",
    ),
    "Korean won": Case(
        shop_page("<h1>도자기 머그컵</h1><div class='price'><del>24,000원</del><strong>18,000원</strong></div><p>배송비 3,000원</p><p>상품코드: MG-180</p><button>장바구니</button>", name="도자기 머그컵", language="ko"),
        "https://b.example.kr/goods/mug", "18000", "KRW", "MG-180",
    ),
    "Chinese, market price beside the shop's": Case(
        shop_page("<h1>不锈钢保温杯</h1><p>市场价：<i>¥199.00</i></p><p>售价：<b>¥129.00</b></p><p>商品编号：100043</p><p>有货</p><a>加入购物车</a>", name="不锈钢保温杯", language="zh-CN"),
        "https://b.example.cn/item/100043.html", "129.00", "CNY", "100043",
    ),
    "Greek": Case(
        shop_page("<h1>Βραστήρας νερού</h1><div class='timi'>34,90 €</div><p>Κωδικός: BR-34</p><p>Διαθέσιμο</p><button>Προσθήκη στο καλάθι</button>", name="Βραστήρας νερού", language="el"),
        "https://b.example.gr/vrastiras", "34.90", "EUR", "BR-34",
    ),
    "Turkish": Case(
        shop_page("<h1>Cam Sürahi</h1><div class='fiyat'><span class='eski'>249,90 TL</span><span class='yeni'>199,90 TL</span></div><p>Stok Kodu: CS-19</p><button>Sepete Ekle</button>", name="Cam Sürahi", language="tr"),
        "https://b.example.com.tr/cam-surahi", "199.90", "TRY", "CS-19",
    ),
    "Swedish, a dash for no cents": Case(
        shop_page("<h1>Skärbräda ek</h1><div class='pris'><span class='ord'>Ord. pris 399:-</span> <b>299:-</b></div><p>Artikelnr: 88-210</p><p>Finns i lager</p><button>Lägg i varukorg</button>", name="Skärbräda ek", language="sv"),
        "https://b.example.se/skarbrada", "299", None, "88-210",
    ),
    "Romanian": Case(
        shop_page("<h1>Rucsac copii</h1><div class='pret'><span>149,99 lei</span><del>199,99 lei</del></div><p>Cod produs: RC-149</p><p>În stoc</p><button>Adaugă în coș</button>", name="Rucsac copii", language="ro"),
        "https://b.example.ro/rucsac", "149.99", "RON", "RC-149",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_price_among_others(case: Case) -> None:
    assert_read(case)
