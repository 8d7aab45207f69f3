"""Goods to test with: a shirt in two colours as an Italian shop shows it, and the product that becomes of it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from listino.domain.listing import Terms, list_goods
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product
from listino.shops.shop import Shop


@pytest.fixture
def seen_at() -> datetime:
    return datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def terms() -> Terms:
    return Terms(
        market=market_of("it"),
        shop="bottega",
        shipping=Money(490),
        rule=PricingRule(category_markup_percent={"Caffè": Decimal(18)}),
    )


@pytest.fixture
def bottega(terms: Terms) -> Shop:
    return Shop(name="bottega", market=terms.market, platform="woocommerce", url="https://bottega.example", terms=terms)


@pytest.fixture
def shirt() -> ShopProduct:
    """Red in S and M, blue in S; blue S is sold out."""
    red = ("https://bottega.example/red.jpg",)
    variants = (
        Variant(
            sku="R-S", style="Rosso", size="S", cost=Money(2500), availability=Availability.IN_STOCK, quantity=3,
            photos=red,
        ),
        Variant(
            sku="R-M", style="Rosso", size="M", cost=Money(2700), list_cost=Money(3200),
            availability=Availability.IN_STOCK, photos=red,
        ),
        Variant(
            sku="B-S", style="Blu", size="S", cost=Money(2400), availability=Availability.OUT_OF_STOCK, quantity=0,
            gtin="4006381333931",
        ),
    )  # fmt: skip
    return ShopProduct(
        sku="8411",
        url="https://bottega.example/prodotto/camicia",
        name="Camicia di lino",
        offer=ShopOffer.of(variants),
        brand="Perché",
        gtin="4006381333931",
        category="Camicie",
        slogan="Fresca",
        description="Una camicia.",
        photos=(
            Photo(url="https://bottega.example/red.jpg", thumbnail_url="https://bottega.example/red-s.jpg"),
            Photo(url="https://bottega.example/all.jpg", thumbnail_url="https://bottega.example/all-s.jpg"),
        ),
        features=(("Materiale", "lino"),),
        related=("8412",),
    )


@pytest.fixture
def listed_shirt(shirt: ShopProduct, terms: Terms, seen_at: datetime) -> Product:
    return list_goods(shirt, terms, at=seen_at, crawl_id="it-1")
