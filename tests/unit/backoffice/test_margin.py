from datetime import UTC, datetime
from decimal import Decimal

from backoffice.margin import margin, margin_of
from listino.domain.listing import Terms, list_goods
from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.offer import ShopOffer, ShopProduct
from listino.domain.pricing import PricingRule
from listino.domain.product import Product


def test_the_margin_is_what_remains_without_vat() -> None:
    kept = margin(Money(12200), landed=Money(9760), vat_percent=Decimal(22))

    assert kept.net == Money(2000)
    assert kept.percent == 20


def test_selling_below_cost_is_a_negative_margin() -> None:
    assert margin(Money(1000), landed=Money(1200), vat_percent=Decimal(0)).net == Money(-200)


def test_a_price_of_nothing_has_no_percentage() -> None:
    assert margin(Money(0), landed=Money(0), vat_percent=Decimal(22)).percent == 0


def test_a_product_is_judged_by_the_vat_of_its_market() -> None:
    goods = ShopProduct(sku="1", url="https://s.example/1", name="Cup", offer=ShopOffer(cost=Money(1000)))
    terms = Terms(market=MARKETS["de"], shop="kontor", shipping=Money(500), rule=PricingRule())
    product = list_goods(goods, terms, at=datetime(2026, 5, 1, tzinfo=UTC))

    kept = margin_of(product)

    assert kept is not None
    assert kept.vat_percent == 19
    assert product.price is not None
    assert kept.net == margin(product.price.amount, landed=Money(1500), vat_percent=Decimal(19)).net
    assert kept.net.minor >= 300


def test_goods_of_a_catalogue_have_no_margin() -> None:
    assert margin_of(Product(id=42, name="Camera")) is None
