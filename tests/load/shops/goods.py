"""What the load shops sell: goods that are numbers, and prices that move by the clock alone.

A price is reckoned from the good's number and the time, so nothing has to be kept or moved while nobody asks, and
whoever knows the time knows the price.
"""

from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant

# Cents around which a good's price moves, and by how much: less than what the plausibility gate doubts (50 %), and more
# than what rounding to the next ending hides.
LOWEST, HIGHEST = 5_000, 95_000
SWING = 0.15
# Every price moves once in so many milliseconds, each good in a rhythm of its own.
QUICKEST_MS, SLOWEST_MS = 2_000, 5_000


class Asked(NamedTuple):
    """What a shop asks for a good, in cents, and from when until when it does (seconds since the epoch)."""

    minor: int
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class LoadShop:
    """One shop: `platform` is what it speaks, its goods are the numbers from `first` on."""

    market: str
    platform: str
    port: int
    first: int
    count: int

    @property
    def name(self) -> str:
        return f"load-{self.market}"

    @property
    def key(self) -> str:
        """As product ids begin: `it:load-it`."""
        return f"{self.market}:{self.name}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def numbers(self) -> range:
        return range(self.first, self.first + self.count)

    def address(self, number: int) -> str:
        """Of the good's page, as the store knows it."""
        return f"{self.url}{_PAGES[self.platform]}{number}"

    def goods(self, number: int, now: float) -> ShopProduct:
        """The good as a crawl at that time would bring it home."""
        sku = str(number)
        variant = Variant(sku=sku, cost=Money(asked(number, now).minor), availability=Availability.IN_STOCK)
        return ShopProduct(
            sku=sku,
            url=self.address(number),
            name=name_of(number),
            brand=f"Brand {number % 50}",
            category=f"Category {number % 20}",
            description=f"Good {number} as it comes out of the box. " * 10,
            offer=ShopOffer.of([variant]),
        )


_PAGES = {"woocommerce": "/product/", "shopify": "/products/", "generic": "/p/"}


def name_of(number: int) -> str:
    return f"Good {number}"


def asked(number: int, now: float) -> Asked:
    """The price at that time, with the time it holds."""
    drawn = crc32(b"%d" % number)
    middle = LOWEST + drawn % (HIGHEST - LOWEST)
    rhythm = (QUICKEST_MS + (drawn >> 8) % (SLOWEST_MS - QUICKEST_MS)) / 1000
    step = int(now // rhythm)
    share = crc32(b"%d:%d" % (number, step)) / 2**32
    return Asked(round(middle * (1 - SWING + 2 * SWING * share)), step * rhythm, (step + 1) * rhythm)
