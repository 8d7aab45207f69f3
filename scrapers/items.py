"""What spiders hand to the pipelines."""

from dataclasses import dataclass

from listino.domain.offer import ShopProduct
from listino.domain.product import Reading
from listino.shops.shop import Shop


@dataclass(slots=True)
class ScrapedGoods:
    """Goods as read from a shop, on their way to the store. Pipelines replace `goods` by a cleaner version."""

    shop: Shop
    goods: ShopProduct
    reading: Reading | None = None  # of the answer, where it told all of the goods by itself
