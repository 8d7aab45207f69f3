"""What a visitor can learn of a good from its shop, exactly: the standard that readers of the payloads are held to.

The same on every platform: `sku` is the key the platform keeps stable; `url` is the canonical address; `category` is the
leaf category's name; `cost` is the lowest price among the variants, sold out or not, and `list_cost` the struck-through
price of that variant; a product is in stock if any variant is. `gtin` is the product's own, which is the one of its first
variant. A good without variants has one nameless variant (style and size empty, no photos: the product's are its own).
What differs is in `Shopfront` and, field by field, in the docstring of each platform's module.
"""

from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.local.shops.article import Article
from listino.local.shops.goods import Form
from listino.local.shops.shopfront import LOW_STOCK, Shopfront


def truth_of(article: Article, related: tuple[str, ...], front: Shopfront, base_url: str) -> ShopProduct:
    """The good as its shop shows it now; `related` are the keys in its related-products block."""
    good = article.good
    return ShopProduct(
        sku=front.key(good),
        url=base_url + front.address(good),
        name=good.name,
        brand=good.brand,
        gtin=good.gtin,
        category=article.category,
        slogan=good.slogan if front.shows_slogan else None,
        description=good.description,
        photos=tuple(
            Photo(
                url=base_url + article.photo(n),
                thumbnail_url=base_url + (article.thumbnail(n) if front.shows_thumbnails else article.photo(n)),
            )
            for n in range(1, good.photo_count + 1)
        ),
        features=good.features,
        related=related,
        offer=ShopOffer(
            cost=Money(article.price),
            list_cost=_money(article.list_price),
            availability=_availability(article.in_stock),
            variants=tuple(_variant(article, form, front, base_url) for form in good.forms),
        ),
    )


def _variant(article: Article, form: Form, front: Shopfront, base_url: str) -> Variant:
    good = article.good
    pieces = article.quantity(form)
    shown = front.quantities == "all" or (front.quantities == "low" and pieces <= LOW_STOCK)
    return Variant(
        sku=form.sku,
        style=article.colour(form),
        size=form.size,
        cost=Money(article.cost(form)),
        list_cost=_money(article.list_cost(form)),
        availability=_availability(pieces > 0),
        quantity=pieces if shown else None,
        gtin=form.gtin if front.shows_variant_gtins else None,
        photos=(base_url + article.photo(good.photo_of(form)),) if good.varies else (),
    )


def _availability(in_stock: bool) -> Availability:
    return Availability.IN_STOCK if in_stock else Availability.OUT_OF_STOCK


def _money(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor)
