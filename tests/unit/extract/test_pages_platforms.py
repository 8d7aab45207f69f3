"""Product pages as the common shop platforms' own themes render them."""

import pytest
from shop_page import Case, assert_read, data, shop_page

CASES = {
    "a sale price beside the old one, hidden words for screen readers": Case(
        shop_page(
            """<div class="product type-product instock"><span class="onsale">-25%</span><div class="summary entry-summary">
<h1 class="product_title entry-title">Walnut board</h1><a href="#reviews" class="woocommerce-review-link">(12 reviews)</a>
<p class="price"><del aria-hidden="true"><span class="amount"><bdi><span>£</span>40.00</bdi></span></del>
<span class="screen-reader-text">Original price was: £40.00.</span>
<ins aria-hidden="true"><span class="amount"><bdi><span>£</span>30.00</bdi></span></ins>
<span class="screen-reader-text">Current price is: £30.00.</span></p>
<p class="stock in-stock">3 in stock</p><form class="cart"><input type="number" name="quantity" value="1">
<button type="submit" name="add-to-cart" value="5512">Add to basket</button></form>
<div class="product_meta"><span class="sku_wrapper">SKU: <span class="sku">WB-40</span></span>
<span class="posted_in">Category: <a href="/c/kitchen">Kitchen</a></span></div></div></div>""",
            name="Walnut board",
        ),
        "https://shop.example/product/walnut-board/", "30.00", "GBP", "WB-40",
    ),
    "a range of variants without a code": Case(
        shop_page(
            """<div class="product type-product"><h1 class="product_title">Maglia di cotone</h1>
<p class="price"><span class="amount">19,90&nbsp;€</span> – <span class="amount">29,90&nbsp;€</span></p>
<form class="variations_form cart" data-product_id="7310"><table class="variations"><tr><th>Taglia</th><td><select name="taglia">
<option>Scegli un'opzione</option><option>S</option><option>M</option></select></td></tr></table>
<button type="submit" class="single_add_to_cart_button disabled">Aggiungi al carrello</button>
<input type="hidden" name="product_id" value="7310"><input type="hidden" name="variation_id" value="0"></form>
<div class="product_meta"><span class="sku_wrapper">COD: <span class="sku">N/A</span></span></div></div>""",
            name="Maglia di cotone", language="it",
        ),
        "https://negozio.example/prodotto/maglia-di-cotone/", "19.90", "EUR", "7310",
    ),
    "sold out, with the words and a form for a message": Case(
        shop_page(
            """<div class="product outofstock"><h1 class="product_title">Cafetière émaillée</h1>
<p class="price"><span class="amount">54,00&nbsp;€</span></p><p class="stock out-of-stock">Rupture de stock</p>
<form><label>Prévenez-moi du retour en stock</label><input type="email"><button>M'avertir</button></form>
<div class="product_meta"><span class="sku_wrapper">UGS : <span class="sku">CAF-054</span></span></div></div>""",
            name="Cafetière émaillée", language="fr",
        ),
        "https://boutique.example/produit/cafetiere/", "54.00", "EUR", "CAF-054", "OutOfStock",
    ),
    "regular, final and instalment prices in one box": Case(
        shop_page(
            """<div class="product-info-main"><div class="page-title-wrapper product"><h1 class="page-title"><span class="base">Akku-Schrauber 18 V</span></h1></div>
<div class="product-info-price"><div class="price-box price-final_price" data-product-id="2291">
<span class="special-price"><span class="price-container"><span class="price-label">Sonderpreis</span>
<span id="product-price-2291" data-price-amount="129" class="price-wrapper"><span class="price">129,00 €</span></span></span></span>
<span class="old-price"><span class="price-container"><span class="price-label">Regulärer Preis</span>
<span id="old-price-2291" data-price-amount="159" class="price-wrapper"><span class="price">159,00 €</span></span></span></span></div>
<p class="tax">inkl. 19% MwSt., zzgl. <a href="/v">Versandkosten</a></p><p class="financing">oder 6 x 21,50 € im Monat</p>
<div class="product-info-stock-sku"><div class="stock available"><span>Auf Lager</span></div>
<div class="product attribute sku"><strong class="type">Art.-Nr.</strong><div class="value">AS 18-129</div></div></div></div>
<button type="submit" class="action primary tocart"><span>In den Warenkorb</span></button></div>""",
            name="Akku-Schrauber 18 V", language="de",
        ),
        "https://laden.example/akku-schrauber-18-v.html", "129.00", "EUR", "AS 18-129",
    ),
    "a theme that renders both price states and a badge of both": Case(
        shop_page(
            """<div class="product__info-container"><div class="product__title"><h1>Ceramic mug</h1></div>
<div class="price price--large price--on-sale price--show-badge"><div class="price__container">
<div class="price__regular"><span class="visually-hidden">Regular price</span><span class="price-item price-item--regular">$18.00 USD</span></div>
<div class="price__sale"><span class="visually-hidden">Regular price</span><span><s class="price-item price-item--regular">$24.00 USD</s></span>
<span class="visually-hidden">Sale price</span><span class="price-item price-item--sale price-item--last">$18.00 USD</span></div>
<small class="unit-price caption hidden"><span class="visually-hidden">Unit price</span><span>/</span> per </small></div>
<span class="badge price__badge-sale">Sale</span><span class="badge price__badge-sold-out">Sold out</span></div>
<p>Pay in 4 interest-free installments of $4.50</p><fieldset><legend>Colour</legend>
<input type="radio" id="a"><label for="a">Blue<span class="visually-hidden">Variant sold out or unavailable</span></label>
<input type="radio" id="b" checked><label for="b">Sand<span class="visually-hidden">Variant sold out or unavailable</span></label></fieldset>
<form action="/cart/add"><input type="hidden" name="id" value="39482716284">
<button type="submit" name="add" class="product-form__submit"><span>Add to cart</span></button></form></div>""",
            name="Ceramic mug",
            head=data({"@type": "Product", "name": "Ceramic mug", "offers": [
                {"@type": "Offer", "sku": "MUG-BL", "price": 18, "priceCurrency": "USD", "availability": "http://schema.org/OutOfStock"},
                {"@type": "Offer", "sku": "MUG-SA", "price": 18, "priceCurrency": "USD", "availability": "http://schema.org/InStock"}]}),
        ),
        "https://shop.example/products/ceramic-mug", "18.00", "USD", "MUG-BL",
    ),
    "the same theme when nothing is left": Case(
        shop_page(
            """<div class="product__info-container"><h1>Linen apron</h1>
<div class="price price--sold-out"><div class="price__regular"><span class="visually-hidden">Regular price</span>
<span class="price-item price-item--regular">£32.00</span></div></div><span class="badge price__badge-sold-out">Sold out</span>
<form action="/cart/add"><input type="hidden" name="id" value="3948271"><button type="submit" name="add" disabled><span>Sold out</span></button>
<div class="buy-it-now"><button hidden>Buy it now</button></div></form></div>""",
            name="Linen apron",
            head=data({"@type": "Product", "name": "Linen apron", "sku": "AP-1", "offers":
                {"@type": "Offer", "price": "32.0", "priceCurrency": "GBP", "availability": "http://schema.org/OutOfStock"}}),
        ),
        "https://shop.example/products/linen-apron", "32.00", "GBP", "AP-1", "OutOfStock",
    ),
    "reference, discount, net price, unit price, quantity discounts": Case(
        shop_page(
            """<section id="main"><h1 class="h1">Aceite de oliva 750 ml</h1><div class="product-prices">
<div class="product-discount"><span class="regular-price">12,00 €</span></div>
<div class="product-price h5 has-discount"><div class="current-price"><span class="current-price-value" content="9.6">9,60 €</span>
<span class="discount discount-percentage">Ahorra 20%</span></div><p class="product-unit-price sub">12,80 € por litro</p></div>
<p class="product-without-taxes">8,73 € impuestos excl.</p><div class="tax-shipping-delivery-label">Impuestos incluidos</div></div>
<table class="table-product-discounts"><tr><th>Cantidad</th><th>Precio</th></tr><tr><td>6</td><td>9,00 €</td></tr><tr><td>12</td><td>8,40 €</td></tr></table>
<form><input type="hidden" name="id_product" value="88"><button class="btn add-to-cart">Añadir al carrito</button>
<span id="product-availability">Últimas unidades en stock</span></form>
<div class="product-reference"><label class="label">Referencia </label><span>ACE-750</span></div>
<div class="product-quantities"><label>En stock</label><span>4 Artículos</span></div></section>""",
            name="Aceite de oliva 750 ml", language="es",
        ),
        "https://tienda.example/inicio/88-aceite-de-oliva.html", "9.60", "EUR", "ACE-750",
    ),
    "bare list items without names for price": Case(
        shop_page(
            """<div id="content" class="col-sm-9"><div class="row"><div class="col-sm-4"><h1>Desk lamp</h1><ul class="list-unstyled">
<li>Brand: <a href="/lumo">Lumo</a></li><li>Product Code: DL-77</li><li>Reward Points: 200</li><li>Availability: In Stock</li></ul>
<ul class="list-unstyled"><li><span style="text-decoration: line-through;">$122.00</span></li><li><h2>$110.00</h2></li>
<li>Ex Tax: $90.00</li><li>Price in reward points: 400</li><li><hr></li><li>10 or more $88.00</li><li>20 or more $77.00</li></ul>
<div id="product"><input type="text" name="quantity" value="1"><input type="hidden" name="product_id" value="42">
<button type="button" id="button-cart">Add to Cart</button></div></div></div></div>""",
            name="Desk lamp",
        ),
        "https://shop.example/index.php?route=product/product&product_id=42", "110.00", "USD", "DL-77",
    ),
    "a specification list with hidden empty fields": Case(
        shop_page(
            """<div class="productView"><section class="productView-details"><h1 class="productView-title">Camp stove</h1>
<h2 class="productView-brand"><a href="/brands/ember">Ember</a></h2><div class="productView-price">
<div class="price-section price-section--withoutTax rrp-price--withoutTax">MSRP: <span class="price price--rrp">$99.00</span></div>
<div class="price-section price-section--withoutTax non-sale-price--withoutTax" style="display: none;">Was: <span class="price price--non-sale"></span></div>
<div class="price-section price-section--withoutTax"><span class="price-label">Now:</span><span class="price price--withoutTax">$79.00</span></div>
<div class="price-section price-section--saving">(You save <span class="price price--saving">$20.00</span> )</div></div>
<dl class="productView-info"><dt class="sku-label">SKU:</dt><dd>ES-2000</dd><dt class="upc-label">UPC:</dt><dd>036000291452</dd>
<dt>Shipping:</dt><dd>$9.95 (Fixed shipping cost)</dd></dl></section>
<section class="productView-details"><form><input type="hidden" name="product_id" value="311"><label>Current Stock: <span></span></label>
<input id="form-action-addToCart" class="button button--primary" type="submit" value="Add to Cart"></form></section></div>""",
            name="Camp stove",
        ),
        "https://shop.example/camp-stove/", "79.00", "USD", "ES-2000",
    ),
    "list price in brackets, basic price, delivery time": Case(
        shop_page(
            """<div class="product-detail" itemscope itemtype="https://schema.org/Product"><h1 class="product-detail-name" itemprop="name">Bergkäse am Stück</h1>
<div class="product-detail-buy"><div itemprop="offers" itemscope itemtype="http://schema.org/Offer"><meta itemprop="priceCurrency" content="EUR">
<div class="product-detail-price-container"><meta itemprop="price" content="13.98"><p class="product-detail-price with-list-price">13,98 €*</p>
<span class="list-price-price-wrapper"> <span class="list-price-price">17,98 €*</span> <span class="list-price-percentage">(22.25% gespart)</span></span></div>
<div class="product-detail-price-unit"><span>Inhalt:</span> 0.5 kg <span class="price-unit-reference-content">(27,96 €* / 1 kg)</span></div>
<div class="product-detail-tax-container"><p>Preise inkl. MwSt. zzgl. Versandkosten</p></div>
<div class="product-detail-delivery-information"><link itemprop="availability" href="http://schema.org/InStock"><p>Sofort verfügbar, Lieferzeit: 1-3 Tage</p></div>
<button class="btn btn-buy">In den Warenkorb</button></div>
<div class="product-detail-ordernumber-container"><span>Produktnummer:</span><meta itemprop="productID" content="9f2c8e0b"><span itemprop="sku">SW10178</span></div></div></div>""",
            name="Bergkäse am Stück", language="de-DE",
        ),
        "https://laden.example/Bergkaese/SW10178", "13.98", "EUR", "SW10178",
    ),
    "labels in front of old and discounted prices": Case(
        shop_page(
            """<div class="product-essential"><div class="overview"><div class="product-name"><h1>Garden chair</h1></div>
<div class="availability"><div class="stock"><span class="label">Availability:</span><span class="value">In stock</span></div></div>
<div class="additional-details"><div class="sku"><span class="label">SKU:</span><span class="value">GC_10</span></div>
<div class="manufacturer-part-number"><span class="label">Manufacturer part number:</span><span class="value">MPN-771</span></div>
<div class="gtin"><span class="label">GTIN:</span><span class="value">4006381333931</span></div></div>
<div class="prices"><div class="old-product-price"><label>Old price:</label><span>£95.00</span></div>
<div class="non-discounted-price"><label>Price:</label><span>£89.00</span></div>
<div class="product-price discounted-price"><label>Price with discount:</label><span class="price-value-31">£80.10</span></div></div>
<div class="add-to-cart"><input class="qty-input" type="text" value="1"><button type="button">Add to cart</button></div></div></div>""",
            name="Garden chair",
        ),
        "https://shop.example/garden-chair", "80.10", "GBP", "GC_10",
    ),
    "roubles, a short label for the code, prices in a list of offers": Case(
        shop_page(
            """<div class="bx-catalog-element"><h1 class="bx-title">Чайник электрический Т-17</h1>
<div class="product-item-detail-info-container"><div class="article">Артикул: <span>70155</span></div>
<div class="product-item-detail-price-old">3 290 руб.</div><div class="product-item-detail-price-current">2 790 руб.</div>
<div class="item_economy_price">Экономия 500 руб.</div><div class="product-item-quantity">В наличии</div>
<a class="btn btn-buy" href="javascript:void(0)">В корзину</a></div></div>""",
            name="Чайник электрический Т-17", language="ru",
        ),
        "https://magazin.example/catalog/chayniki/chaynik_t_17/", "2790", "RUB", "70155",
    ),
    "a price put together from elements, cash discount, many instalments": Case(
        shop_page(
            """<div class="product-info"><h1><span class="productBrand">Fone sem fio AX-2</span></h1><span class="product-identifier">Cód: <b>33871</b></span>
<div class="price-box"><span class="listPrice">De: <s>R$ 399,90</s></span>
<span class="sellingPrice"><span class="currencyContainer"><span>R$</span><span>&nbsp;</span><span>299</span><span>,</span><span>90</span></span></span>
<span class="spotPrice">R$ 284,91 no Pix</span><span class="installments">10x de R$ 29,99 sem juros</span></div>
<button type="button"><div>Comprar</div></button></div>""",
            name="Fone sem fio AX-2", language="pt-BR",
        ),
        "https://loja.example/fone-ax2/p", "299.90", "BRL", "33871",
    ),
    "a price in pesos, transfer price and instalments beside it": Case(
        shop_page(
            """<div class="product-detail"><h1 class="js-product-name">Mochila urbana</h1><div class="price-container">
<span class="price-compare"><span class="js-compare-price-display">$52.000</span></span><span class="js-price-display" data-product-price="4490000">$44.900</span>
<div>$40.410 con Transferencia</div><div class="product-installments">3 cuotas sin interés de $14.966,67</div></div>
<form data-product-id="120077"><input type="hidden" name="add_to_cart" value="120077"><input type="submit" value="Agregar al carrito" class="js-addtocart btn"></form></div>""",
            name="Mochila urbana", language="es-AR",
        ),
        "https://tienda.example.ar/productos/mochila-urbana/", "44900", "ARS", "120077",
    ),
    "a code after a hash, VAT notes, weight": Case(
        shop_page(
            """<div id="result-wrapper" itemprop="mainEntity" itemscope itemtype="https://schema.org/Product"><h1 class="product-title h2" itemprop="name">Wanderstock</h1>
<ul class="info-essential"><li class="product-sku"><strong>Artikelnummer:</strong> <span itemprop="sku">WS-90-K</span></li><li class="product-category">Kategorie: <a href="/c">Wandern</a></li></ul>
<div class="basket-details" itemprop="offers" itemscope itemtype="https://schema.org/Offer"><div class="price_wrapper"><div class="price h1"><span>ab 24,50 €</span></div>
<meta itemprop="price" content="24.5"><meta itemprop="priceCurrency" content="EUR"><div class="price-note"><span class="vat_info">inkl. 19% USt., zzgl. Versand (Paket 4,90 €)</span>
<div class="instead-of old-price">UVP: <del>34,90 €</del> <span class="discount">(Sie sparen 29.8%, also 10,40 €)</span></div></div></div>
<div class="delivery-status"><span class="status status-2">sofort verfügbar</span><div>Lieferzeit: 2 - 3 Werktage</div></div>
<button name="inWarenkorb" type="submit"><span>In den Warenkorb</span></button></div></div>""",
            name="Wanderstock", language="de",
        ),
        "https://laden.example/Wanderstock-Kork", "24.50", "EUR", "WS-90-K",
    ),
    "yen with tax, code as 商品番号": Case(
        shop_page(
            """<div class="item_detail"><h1 class="goods_name">南部鉄器 急須 0.5L</h1><p class="item_no">商品番号：nt-0512</p>
<p class="price_box">販売価格 <span class="price">8,800円</span>（税込）<span class="point">88ポイント</span></p><p>送料 660円</p>
<p>在庫あり</p><button class="cart_btn">カートに入れる</button></div>""",
            name="南部鉄器 急須 0.5L", language="ja",
        ),
        "https://mise.example.jp/item/nt-0512.html", "8800", "JPY", "nt-0512",
    ),
    "Arabic, digits of Europe": Case(
        shop_page(
            """<div class="product-details" dir="rtl"><h1>غلاية كهربائية</h1><div class="product-price"><span class="old">250.00 SAR</span> <span class="price">199.00 SAR</span></div>
<div>رمز المنتج: KT-88</div><div class="stock">متوفر</div><button>أضف إلى السلة</button></div>""",
            name="غلاية كهربائية", language="ar",
        ),
        "https://shop.example.sa/ar/kettle", "199.00", "SAR", "KT-88",
    ),
    "Hebrew, sold out": Case(
        shop_page(
            """<div class="product-page" dir="rtl"><h1>קומקום חשמלי</h1><div class="sku">מק"ט: 4471-B</div><div class="price">₪249.00</div>
<p>אזל מהמלאי</p></div>""",
            name="קומקום חשמלי", language="he",
        ),
        "https://shop.example.co.il/items/900-kettle", "249.00", "ILS", "4471-B", "OutOfStock",
    ),
    "Polish, code and price in zloty, lowest price of thirty days": Case(
        shop_page(
            """<div class="projector"><h1>Plecak miejski 25 l</h1><div class="price_area"><strong class="projector_price_value">189,00 zł</strong>
<div class="omnibus_price">Najniższa cena z 30 dni przed obniżką: <span>199,00 zł</span></div><div class="regular">Cena regularna: <del>229,00 zł</del></div></div>
<div>Kod produktu: <strong>PLM-25-GR</strong></div><div class="status">Produkt dostępny</div><button>Dodaj do koszyka</button></div>""",
            name="Plecak miejski 25 l", language="pl",
        ),
        "https://sklep.example.pl/product-pol-1207-Plecak.html", "189.00", "PLN", "PLM-25-GR",
    ),
    "Czech, price with and without tax": Case(
        shop_page(
            """<div class="p-detail"><h1>Stolní lampa Vega</h1><div class="p-code">Kód: <span class="p-code-value">1093/BIL</span></div>
<div class="p-final-price-wrapper"><span class="price-standard"><span>1 490 Kč</span></span><span class="price-save">–13 %</span>
<strong class="price-final"><span class="price-final-holder">1 290 Kč</span></strong><span class="price-additional">1 066,12 Kč bez DPH</span></div>
<div class="availability-value"><span>Skladem</span> <span class="amount">(&gt;5 ks)</span></div><button class="add-to-cart-button">Přidat do košíku</button></div>""",
            name="Stolní lampa Vega", language="cs",
        ),
        "https://obchod.example.cz/stolni-lampa-vega/", "1290", "CZK", "1093/BIL",
    ),
    "Dutch, split cents, choice of sizes": Case(
        shop_page(
            """<article class="product"><h1>Regenjas Heren</h1><div class="prices"><span class="price-old">€ 89,95</span>
<span class="price-new"><span class="whole">69</span><sup class="cents">95</sup></span></div><ul class="sizes"><li>S <span>Uitverkocht</span></li><li>M</li></ul>
<button>In winkelwagen</button><p>Op voorraad, morgen in huis</p><table class="specs"><tr><td>Artikelnummer</td><td>20431</td></tr><tr><td>EAN</td><td>8712345678906</td></tr></table></article>""",
            name="Regenjas Heren", language="nl",
        ),
        "https://winkel.example.nl/regenjas-heren", "69.95", "EUR", "20431",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_platforms_own_theme(case: Case) -> None:
    assert_read(case)
