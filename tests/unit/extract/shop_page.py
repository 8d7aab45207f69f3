"""A shop's page around a product: menu, cart, breadcrumb, other products with their prices, footer; in five languages."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from listino.extract import extract


@dataclass(frozen=True, slots=True)
class _Words:
    cart: str
    related: str
    buy: str
    sold_out: str
    delivery: str
    amounts: tuple[str, str, str, str]  # the cart's total, two other products' prices, where free delivery begins


_WORDS = {
    "en": _Words("Cart", "You may also like", "Add to cart", "Sold out", "Free delivery on orders over", ("£0.00", "£7.50", "£219.00", "£60")),
    "it": _Words("Carrello", "Prodotti correlati", "Aggiungi al carrello", "Esaurito", "Spedizione gratuita da", ("0,00 €", "7,50 €", "219,00 €", "60 €")),
    "fr": _Words("Panier", "Vous aimerez aussi", "Ajouter au panier", "Épuisé", "Livraison offerte dès", ("0,00 €", "7,50 €", "219,00 €", "60 €")),
    "de": _Words("Warenkorb", "Ähnliche Artikel", "In den Warenkorb", "Ausverkauft", "Versandkostenfrei ab", ("0,00 €", "7,50 €", "219,00 €", "60 €")),
    "es": _Words("Carrito", "También te puede gustar", "Añadir al carrito", "Agotado", "Envío gratis a partir de", ("0,00 €", "7,50 €", "219,00 €", "60 €")),
}  # fmt: skip
_ELSEWHERE = _Words("", "…", "", "", "", ("0", "7.50", "219", ""))


def shop_page(product: str, *, name: str = "", language: str = "en", head: str = "") -> str:
    """The product's markup as the main part of a rendered page; `name` is the page's title."""
    words = _WORDS.get(language[:2], _ELSEWHERE)
    total, cheap, dear, free = words.amounts
    return f"""<!DOCTYPE html><html lang="{language}"><head><title>{name} | Emporium</title>{head}</head><body>
<div class="announcement">{words.delivery} {free}</div>
<header><a href="/" class="logo">Emporium</a><ul class="menu"><li><a href="/a">A–Z</a></li><li><a href="/sale">Sale</a></li></ul>
<div class="mini-cart"><a href="/cart">{words.cart} <span class="amount">{total}</span></a></div></header>
<ol class="breadcrumb"><li><a href="/">Emporium</a></li><li><a href="/c/12">All 2024</a></li></ol>
<main>{product}</main>
<section class="related products"><h2>{words.related}</h2><ul>
<li class="product"><a href="/p/8001"><h3>Tin cup 8001</h3><span class="price">{cheap}</span></a><button>{words.buy}</button></li>
<li class="product"><a href="/p/8002"><h3>Pantry scale</h3><span class="price">{dear}</span></a><em>{words.sold_out}</em></li>
</ul></section>
<footer><p>+44 20 7946 0018</p><p>© 2024 Emporium</p></footer></body></html>"""


def data(*nodes: dict[str, Any]) -> str:
    """JSON-LD blocks."""
    return "".join(
        f'<script type="application/ld+json">{json.dumps({"@context": "https://schema.org", **node})}</script>'
        for node in nodes
    )


class Case(NamedTuple):
    """A page and what a person reads off it."""

    html: str
    url: str
    price: str | None
    currency: str | None
    sku: str | None
    availability: str = "InStock"


def assert_read(case: Case) -> None:
    """Each field as a person reads it; a page that says nothing of stock is one of a good that can be bought."""
    found = extract(case.html, case.url)
    assert found.price == (None if case.price is None else Decimal(case.price))
    assert found.currency == case.currency
    assert found.sku == case.sku
    assert (found.availability or "InStock") == case.availability
