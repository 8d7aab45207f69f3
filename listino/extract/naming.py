"""What shops mean by the names they give to elements: classes and ids, in the words of web design in many languages.

No site's own names are here, only words that any shop might use. A name is a hint, never a proof: callers weigh it.
"""

import re
from functools import lru_cache

# Meanings are bits of one integer: thousands of names are read on every page.
PRICE = 1 << 0
NOW = 1 << 1  # the price that is asked now, where two are shown
OLD = 1 << 2  # the struck-through one
REGULAR = 1 << 3  # old beside a sale price, current without one
OTHERS = 1 << 4  # other products: related ones, tiles, a comparison
CART = 1 << 5
FEES = 1 << 6  # shipping, tax, deposit
INSTALMENT = 1 << 7
SAVING = 1 << 8
UNIT = 1 << 9  # a price for a kilogramm, without tax, for a hundred pieces
FRAME = 1 << 10  # header, menu, footer, cookie notice
REVIEW = 1 << 11
HIDDEN = 1 << 12
CODE = 1 << 13
SOLD_OUT = 1 << 14
IN_STOCK = 1 << 15
BUY = 1 << 16
CHOICE = 1 << 17  # one of several variants to choose from

# Single words, by how they begin; `$` where nothing may follow.
_WORDS = {
    PRICE: "price prix preis precio prezzo preco pris$ prijs cena$ cene$ ceny$ cenu$ hind$ kaina hinta fiyat harga prc$ amount",
    NOW: "sale$ special final current actual now$ our$ selling promo reduced discounted aktion akce ofert offer$ today new$"
    " attual actuel aktuel aktual aktuáln yeni$ akcios nupris rebajad scontat rabais",
    OLD: "old$ was$ original cross crossed strike striked strik stroke barre barré before previous msrp rrp$ uvp$ statt"
    " anterior tachad listino eski$ ord$ ordinar eredeti gammel gamla stara$ staryi vecchio uvp listprice antiguo ancien linethrough streich overstreep przekre preskrt puvodni del$ compareat",
    REGULAR: "regular retail normal standard full$ base$",
    OTHERS: "related relation recommend reco$ similar upsell crosssell crosssel carousel slick swiper owl$ recently viewed"
    " suggest bundle combo comparison sponsor accessor teaser tile tiles thumb frequently complement correlat consigliat"
    " empfehl aehnlich zubeh similaire relacionad podobn souvisej alternativ bestseller merchandis ad$ ads$ banner crosssells upsells",
    CART: "minicart minibasket sidecart cartqty wishlist",
    FEES: "shipping delivery versand livraison spedizion envio freight postage ecotax deposit",
    INSTALMENT: "instal monthly month financ credit klarna afterpay clearpay affirm zippay laybuy sezzle paypal leasing loan"
    " emi$ rata$ raty rate$ finanz cuota",
    SAVING: "save$ saving savings yousave discount$ discounts$ discountp discounta discountl discountv sconto rabat ahorr econom reward loyalty points$ point$ cashback bonus voucher"
    " coupon giftcard badge",
    UNIT: "unit unitprice perunit grundpreis measure tier netto bulk exvat excl$ extax",
    FRAME: "nav$ navbar navigation menu breadcrumb breadcrumbs foot$ footer cookie newsletter consent topbar filter facet mega"
    " megamenu siteheader",
    REVIEW: "review rating comment testimonial bewertung recension feedback",
    HIDDEN: "hidden$ hide$ invisible none$ dnone$ displaynone",
    CODE: "sku$ skus$ mpn$ ref$ reference codice artnr artikelnummer itemno",
    SOLD_OUT: "outofstock soldout unavailable nostock ausverkauft esaurit epuis agotad backorder$",
    IN_STOCK: "instock available$",
    BUY: "addtocart addtobasket addtobag addcart buybox buybutton buynow warenkorbbutton buy$ purchase",
    CHOICE: "swatch variation dropdown toggle sizes$ sizelist colours$ colors$ variants$ options$",
}
# Two words in a row that mean more than each of them.
_PAIRS = {
    OTHERS: "cross-sell up-sell also-bought also-like also-viewed may-also you-may other-products other-sellers other-offers"
    " product-card product-tile product-item product-list product-grid product-carousel products-grid products-list item-card",
    CART: "mini-cart mini-basket cart-total cart-summary cart-count cart-widget cart-content cart-preview cart-sidebar cart-drawer"
    " cart-popup cart-modal cart-dropdown basket-total basket-summary basket-count basket-content side-cart header-cart"
    " header-basket top-cart",
    NOW: "discount-price discounted-price price-discount price-discounted",
    OLD: "list-price non-discounted compare-at compare-price line-through market-price high-price reference-price price-through",
    UNIT: "unit-price per-unit base-unit ex-vat ex-tax excl-tax excl-vat excluding-tax price-net price-per without-vat price-tax"
    " without-tax bez-dph",
    SAVING: "you-save gift-card",
    FRAME: "site-header page-header main-header top-header global-header top-bar mega-menu",
    HIDDEN: "d-none display-none is-hidden ng-hide",
    CODE: "product-code product-id product-number product-ref item-code item-id item-number item-no article-code article-id"
    " article-number article-no art-nr artikel-nr artikel-nummer model-no model-number style-no style-number style-code",
    SOLD_OUT: "of-stock sold-out not-available no-stock stock-out stock-none stock-empty",
    IN_STOCK: "in-stock stock-available stock-in",
    BUY: "to-cart to-basket to-bag add-cart buy-now buy-box buy-button buy-btn btn-buy btn-cart cart-button cart-btn product-form"
    " den-warenkorb",
}


def _alternatives(words: str) -> str:
    return "|".join(
        re.escape(word) if not word.endswith("$") else f"{re.escape(word[:-1])}(?!.)" for word in words.split()
    )


_BEGINNINGS = [(meaning, re.compile(_alternatives(words))) for meaning, words in _WORDS.items()]
_PAIR_MEANINGS = {pair: meaning for meaning, pairs in _PAIRS.items() for pair in pairs.split()}
_SPLIT = re.compile(r"[A-Z]?[a-zà-ÿ]+|[A-Z]+(?![a-z])")
# Hidden from some screens only, or kept for screen readers.
_SHOWN = re.compile(
    r"(?:hid(?:e|den))-(?:xs|sm|md|lg|xl|on|in|mobile|tablet|desktop|small|large|text)|visually-?hidden|d-\w+-(?:block|flex|inline)|-none\b(?<!d-none)"
)
# What stands in `product-item-detail` is about this product, in `product-item` about any.
_OF_THE_PRODUCT = frozenset({"detail", "details"})
_MOST = 400  # characters of one element's names that are read; some pages list every browser's quirks there


@lru_cache(maxsize=65_536)
def meaning_of(names: str) -> int:
    """Everything that an element's class and id, in one string, hint at."""
    words = [word.lower() for word in _SPLIT.findall(names[:_MOST])]
    found = paired = 0
    before = ""
    for word in words:
        found |= _word(word)
        paired |= _PAIR_MEANINGS.get(f"{before}-{word}", 0)
        before = word
    if paired:
        if paired & OTHERS and not _OF_THE_PRODUCT.isdisjoint(words):
            paired &= ~OTHERS
        if paired & NOW:
            found &= ~SAVING
        found |= paired
    if found & HIDDEN and _SHOWN.search(names):
        found &= ~HIDDEN
    return found


@lru_cache(maxsize=32_768)
def _word(word: str) -> int:
    found = 0
    for meaning, beginning in _BEGINNINGS:
        if beginning.match(word):
            found |= meaning
    # Words run together: `productprice`, `saleprice`.
    if (
        not found & PRICE
        and len(word) > _LONG
        and ("price" in word or "preis" in word or "prezzo" in word or "precio" in word)
    ):
        found |= PRICE | _word(word.replace("price", "", 1)[:_MOST])
    return found


_LONG = 7
