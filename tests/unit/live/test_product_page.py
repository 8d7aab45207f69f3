"""Products and prices as JSON values."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import orjson
from bson import BSON
from bson.codec_options import CodecOptions

from listino.domain.handling import Handling, Stop
from listino.domain.history import PricePoint
from listino.domain.listing import fingerprint
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo
from listino.domain.pricing import Price
from listino.domain.product import Offer, Product, Sku, Style
from listino.live import rendering
from listino.live.answer import Reason
from listino.live.product_page import LAYOUT, Part, rendered
from listino.live.quote import Quote, last_known, moment
from listino.store.documents import Document, packed, product_document, product_in

SEEN = datetime(2026, 3, 1, 9, 30, 0, 412_000, tzinfo=UTC)
PRODUCT = Product(
    id="it:bottega:8411",
    name="Moka",
    market="it",
    shop="bottega",
    category="Cucina",
    gtin="8006363018364",
    features=(("Materiale", "Alluminio"),),
    styles=(
        Style(
            style_id="8411-1",
            name="Rosso",
            cost=Money(3000),
            original_price=Money(4990),
            sale_price=None,
            default=True,
            photos=(Photo(url="https://b.example/1.jpg", thumbnail_url="https://b.example/1s.jpg"),),
            skus={"8411-R": Sku(size="M", quantity=None, cost=Money(3000))},
        ),
    ),
    offer=Offer(
        cost=Money(3000),
        list_cost=None,
        shipping=Money(500),
        availability=Availability.IN_STOCK,
        seen_at=SEEN,
        checked_at=SEEN,
    ),
    price=Price(Money(4990)),
    content_hash="abc",
)
POINT = PricePoint(at=SEEN, price=Money(4990), cost=Money(3000), availability=Availability.IN_STOCK)
CATALOGUE = Product(id=500, name="Camo Onesie", slogan="Blend in", price=Price(Money(14000)))
BARE = Product(id=1, name="Bare")


def kept(product: Product) -> Document:
    """The document of it as the store gives it back."""
    return BSON.encode(product_document(product)).decode(CodecOptions(tz_aware=True))


def test_a_card_has_six_fields() -> None:
    assert rendering.card(kept(PRODUCT)) == {
        "id": "it:bottega:8411",
        "name": "Moka",
        "slogan": None,
        "description": None,
        "category": "Cucina",
        "default_price": "49.90",
    }


def test_catalogue_ids_are_numbers_and_unknown_prices_null() -> None:
    assert rendering.card(kept(CATALOGUE))["id"] == 500
    assert rendering.card(kept(CATALOGUE))["default_price"] == "140.00"
    assert rendering.card(kept(BARE))["default_price"] is None


def test_a_page_adds_what_is_known() -> None:
    page = rendering.page(kept(PRODUCT))

    assert set(page) == {*rendering.card(kept(PRODUCT)), "features", "price", "market", "shop", "gtin"}
    assert page["features"] == [{"feature": "Materiale", "value": "Alluminio"}]
    assert page["price"] == {
        "amount": "49.90",
        "currency": "EUR",
        "availability": "InStock",
        "as_of": "2026-03-01T09:30:00.412Z",
    }


def test_what_the_shop_asks_is_nobodys_business() -> None:
    for shown in (rendering.page(kept(PRODUCT)), rendering.styles(kept(PRODUCT))):
        assert b"cost" not in orjson.dumps(shown)
        assert b"30.00" not in orjson.dumps(shown)


def test_goods_without_offer_or_price_have_a_page_too() -> None:
    assert rendering.page(kept(CATALOGUE))["price"] == {
        "amount": "140.00",
        "currency": "EUR",
        "availability": "Unknown",
        "as_of": None,
    }
    assert rendering.page(kept(BARE))["price"] is None


def test_styles() -> None:
    assert rendering.styles(kept(PRODUCT)) == {
        "product_id": "it:bottega:8411",
        "results": [
            {
                "style_id": "8411-1",
                "name": "Rosso",
                "original_price": "49.90",
                "sale_price": None,
                "default?": True,
                "photos": [{"thumbnail_url": "https://b.example/1s.jpg", "url": "https://b.example/1.jpg"}],
                "skus": {"8411-R": {"quantity": None, "size": "M"}},
            }
        ],
    }


def test_styles_name_a_catalogue_product_as_text() -> None:
    reduced = replace(PRODUCT.styles[0], sale_price=Money(4500))

    rendered = rendering.styles(kept(replace(CATALOGUE, styles=(reduced,))))

    assert rendered["product_id"] == "500"
    assert rendered["results"][0]["sale_price"] == "45.00"


def test_a_price() -> None:
    quote = Quote(
        product_id="it:bottega:8411",
        price=Money(4990),
        availability=Availability.OUT_OF_STOCK,
        as_of=SEEN,
        reason=Reason.SHOP_SILENT,
        previous=Money(5490),
        lowest_30d=None,
    )

    assert orjson.loads(orjson.dumps(quote.fields())) == {
        "product_id": "it:bottega:8411",
        "price": "49.90",
        "currency": "EUR",
        "availability": "OutOfStock",
        "as_of": "2026-03-01T09:30:00.412Z",
        "fresh": False,
        "reason": "shop_silent",
        "previous": "54.90",
        "lowest_30d": None,
    }


def test_moments_are_utc_to_the_millisecond() -> None:
    rome = timezone(timedelta(hours=1))

    assert moment(datetime(2026, 3, 1, 10, 30, tzinfo=rome)) == "2026-03-01T09:30:00.000Z"


def test_another_rendering_is_another_layout() -> None:
    """Pages of before may be kept still: whoever changes what is rendered counts LAYOUT up, and notes both here."""
    stopped = replace(PRODUCT, handling=Handling(at=SEEN, stop=Stop(by="mara@shop.test", at=SEEN, reason="recalled")))
    pages = [
        rendered(kept(product), packed).encoded("")
        for product in (
            PRODUCT,
            CATALOGUE,
            replace(PRODUCT, gone_at=SEEN),
            stopped,
            replace(PRODUCT, unfiled=(POINT,)),
        )
    ]
    assert (LAYOUT, hashlib.blake2b(b"".join(pages), digest_size=8).hexdigest()) == (5, "ca881d09e51a3596")


def test_points_that_a_product_carries_are_in_the_parts_that_nobody_is_shown() -> None:
    carried = replace(PRODUCT, unfiled=(POINT, replace(POINT, price=None, at=SEEN + timedelta(seconds=1))))
    bare, page = (rendered(kept(product), packed).parts for product in (PRODUCT, carried))
    differing = [part for part in Part if bare[part] != page[part]]
    assert differing == [Part.PRICE, Part.STORED]
    assert rendering.known_of(PRODUCT.id, orjson.loads(page[Part.PRICE])) == last_known(carried)
    assert product_in(page[Part.STORED]) == carried
    assert fingerprint(carried) == fingerprint(PRODUCT)
