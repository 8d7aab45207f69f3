"""Small product pages of many countries: the price now beside the one before, a code, a button, in the words of each."""

import pytest
from shop_page import Case, assert_read, shop_page

# Language; what is below the heading; price and currency. The code is always the same.
PAGES = {
    "Austria, deposit and litre": ("de-AT", "<div class='price'>11,99 €</div><div>zzgl. 3,30 € Pfand</div><div>1,43 €/l</div><p>Artikel-Nr. KX-55</p><button>In den Warenkorb</button>", "11.99", "EUR"),
    "Germany, lowest price of thirty days": ("de", "<p>24,00 €</p><p>30-Tage-Bestpreis: 22,00 €</p><p>UVP 30,00 €</p><p>Art. KX-55</p><button>In den Warenkorb</button>", "24.00", "EUR"),
    "France, lowest price of thirty days": ("fr", "<p>24,00 €</p><p>Prix le plus bas des 30 derniers jours : 22,00 €</p><p>Réf. KX-55</p><button>Ajouter au panier</button>", "24.00", "EUR"),
    "Italy, cents apart and per piece": ("it", "<div class='price'><span>24</span><span>,</span><sup>90</sup> <small>€/pz</small></div><p>Cod. KX-55</p>", "24.90", "EUR"),
    "Italy, cents with the currency": ("it", "<div><b>1.299</b><b>,</b><b>90€</b></div><p>Cod. KX-55</p>", "1299.90", "EUR"),
    "Spain": ("es", "<p>Antes 39,90 €</p><p>Ahora 29,90 €</p><p>Ref. KX-55</p><button>Añadir a la cesta</button>", "29.90", "EUR"),
    "Mexico": ("es-MX", "<p><s>$1,999.00</s> $1,499.00</p><p>12 meses de $124.92</p><p>SKU: KX-55</p><button>Agregar al carrito</button>", "1499.00", "MXN"),
    "Chile": ("es-CL", "<p>Precio Normal $29.990</p><p>Oferta $19.990</p><p>SKU KX-55</p><button>Agregar al carro</button>", "19990", "CLP"),
    "Brazil": ("pt-BR", "<p>De R$ 199,90</p><p>Por R$ 149,90</p><p>ou 5x de R$ 29,98 sem juros</p><p>Ref: KX-55</p><button>Comprar</button>", "149.90", "BRL"),
    "United Kingdom, a list of terms": ("en-GB", "<dl><dt>RRP</dt><dd>£40.00</dd><dt>Our price</dt><dd>£30.00</dd><dt>You save</dt><dd>£10.00 (25%)</dd></dl><p>Code: KX-55</p><button>Add to cart</button>", "30.00", "GBP"),
    "United Kingdom, an auction": ("en-GB", "<div>Current bid: <span>£21.00</span></div><div>Postage: £3.20</div><div>Item number: KX-55</div><button>Place bid</button>", "21.00", "GBP"),
    "United States, gift card": ("en-US", "<div><b>$59.00</b></div><p>Get a $20 gift card when you spend $100</p><p>Item KX-55</p><button>Add to cart</button>", "59.00", "USD"),
    "United States, coupon and options": ("en-US", "<p>$24.00</p><p>Save an extra $2.40 with coupon</p><p>Gift wrap (+$5.00)</p><p>SKU: KX-55</p><button>Add to cart</button>", "24.00", "USD"),
    "United States, total of two": ("en-US", "<p class='unit-price'>$24.00</p><p>Qty 2</p><p>Subtotal: $48.00</p><p>SKU: KX-55</p><button>Add to cart</button>", "24.00", "USD"),
    "Australia": ("en-AU", "<p>$120.00</p><p>or 4 payments of $30.00 with Afterpay</p><p>SKU: KX-55</p><button>Add to cart</button>", "120.00", "AUD"),
    "India": ("en-IN", "<p>MRP ₹2,499</p><p>₹1,799</p><p>(28% off)</p><p>EMI from ₹85/month</p><p>SKU: KX-55</p><button>Add to Bag</button>", "1799", "INR"),
    "Netherlands, insurance": ("nl", "<strong>€ 499</strong><p>Verzekering € 4,99 per maand</p><p>Artikelnummer KX-55</p><button>In winkelwagen</button>", "499", "EUR"),
    "Netherlands, a bundle": ("nl", "<div class='product-price'>€49,00</div><div class='frequently-bought'><p>Total price: €89,00</p><button>Add all to cart</button></div><p>Artikelnummer: KX-55</p><button>In winkelwagen</button>", "49.00", "EUR"),
    "Sweden": ("sv", "<div class='price'>1 299 kr</div><p>Art.nr: KX-55</p><button>Köp</button>", "1299", "SEK"),
    "Denmark": ("da", "<p>Før 399,00 kr.</p><p>Nu 299,00 kr.</p><p>Varenr. KX-55</p><button>Læg i kurv</button>", "299.00", "DKK"),
    "Finland": ("fi", "<p>29,90 €</p><p>Norm. 39,90 €</p><p>Tuotekoodi: KX-55</p><button>Lisää ostoskoriin</button>", "29.90", "EUR"),
    "Estonia": ("et", "<p>29,90 €</p><p>Kuumakse alates 3,20 €</p><p>Tootekood: KX-55</p><button>Lisa ostukorvi</button>", "29.90", "EUR"),
    "Latvia": ("lv", "<p>29,90 €</p><p>vai no 3,20 €/mēn.</p><p>Preces kods: KX-55</p><button>Pirkt</button>", "29.90", "EUR"),
    "Lithuania": ("lt", "<p>29,90 €</p><p>nuo 3,20 €/mėn</p><p>Prekės kodas: KX-55</p><button>Į krepšelį</button>", "29.90", "EUR"),
    "Slovenia": ("sl", "<p>Redna cena: 39,90 €</p><p>Akcijska cena: 29,90 €</p><p>Šifra: KX-55</p><button>V košarico</button>", "29.90", "EUR"),
    "Croatia": ("hr", "<p>MPC: 399,00 kn</p><p>Akcija: 299,00 kn</p><p>Šifra: KX-55</p><button>Dodaj u košaricu</button>", "299.00", "HRK"),
    "Bulgaria": ("bg", "<p>Цена: 49,90 лв.</p><p>Код: KX-55</p><button>Купи</button>", "49.90", "BGN"),
    "Ukraine": ("uk", "<p>1 299 грн</p><p>Артикул: KX-55</p><p>В наявності</p><button>Купити</button>", "1299", "UAH"),
    "Kazakhstan": ("ru", "<p>44 890 ₸</p><p>x 12 мес 3 741 ₸</p><p>Код товара: KX-55</p><button>В корзину</button>", "44890", "KZT"),
    "Japan, net and gross": ("ja", "<p>¥1,000（税抜）</p><p>¥1,100（税込）</p><p>品番 KX-55</p><button>カートに入れる</button>", "1100", "JPY"),
    "Taiwan": ("zh-TW", "<p>定價 NT$1,280</p><p>特價 NT$990</p><p>商品編號：KX-55</p><button>加入購物車</button>", "990", "TWD"),
    "Vietnam": ("vi", "<p class='price'><del>350.000₫</del> <ins>290.000₫</ins></p><p>Mã SP: KX-55</p><button>Thêm vào giỏ</button>", "290000", "VND"),
    "Indonesia": ("id", "<p>Rp 150.000</p><p>SKU: KX-55</p><button>Beli Sekarang</button>", "150000", "IDR"),
    "Thailand": ("th", "<p>฿1,290</p><p>SKU: KX-55</p><button>เพิ่มลงตะกร้า</button>", "1290", "THB"),
    "a box of buying beside the text": ("en-GB", "<p>About it.</p><aside><p>£12.00</p><p>SKU: KX-55</p><button>Add to cart</button></aside>", "12.00", "GBP"),
    "a button with the price in it": ("en-GB", "<button>Add to cart – £12.00</button><p>SKU: KX-55</p>", "12.00", "GBP"),
    "a table": ("en-GB", "<table><tr><td>Price</td><td>£12.00</td></tr><tr><td>SKU</td><td>KX-55</td></tr><tr><td>Weight</td><td>12 kg</td></tr></table>", "12.00", "GBP"),
    "names of a tile about the product itself": ("en-GB", "<div class='product-tile__price'>£12.00</div><p>SKU: KX-55</p>", "12.00", "GBP"),
}  # fmt: skip
CASES = {
    name: Case(
        shop_page(f"<article><h1>Thing One</h1>{body}</article>", name="Thing One", language=language),
        "https://shop.example/thing", price, currency, "KX-55",
    )
    for name, (language, body, price, currency) in PAGES.items()
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_page_of_its_country(case: Case) -> None:
    assert_read(case)
