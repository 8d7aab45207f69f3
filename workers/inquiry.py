"""One request to a shop, and what came of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from listino.domain.product import Product
from listino.live.answer import LiveAnswer
from listino.live.legs import ShopTimes
from listino.shops.platform import Refresh

# Until when, after it was taken from those that wait, a product is asked for once more: of the 950 ms that a shopper waits
# by default some 100 have gone by until then, and a shop wants 300 to answer.
SECOND_WITHIN_SECONDS = 0.55


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One request to a shop, the products that it asks for, by their key in the shop, and when what was done of it.

    `began`: when the first request for them was made up, by the monotonic clock; `attempts`: 2 after one that failed in
    passing, and `is_again` where it is this very request that failed. Every fetch of a refresh, POST or GET, only reads, so that
    it may be sent again.
    """

    refresh: Refresh
    products: Mapping[str, Product]
    times: ShopTimes = field(default_factory=ShopTimes, compare=False)
    began: float = field(default_factory=time.monotonic, compare=False)
    attempts: int = 1
    is_again: bool = False

    @property
    def product_ids(self) -> list[str]:
        return [str(product.id) for product in self.products.values()]

    @classmethod
    def of(cls, refresh: Refresh, products: Mapping[str, Product]) -> Self:
        """The inquiry by that request, which asks for some of the products."""
        return cls(refresh, {one.sku: products[one.sku] for one in refresh.known})

    def after(self, other: Self) -> Self:
        """This inquiry as one to which the other has led."""
        return replace(self, began=other.began, attempts=max(self.attempts, other.attempts))

    def again(self) -> Self:
        """This inquiry as it is asked for the second time."""
        return replace(self, times=ShopTimes(), attempts=2, is_again=True)

    @property
    def may_be_repeated(self) -> bool:
        """Whether it was asked once only, and who waits still has the time for another answer."""
        return self.attempts == 1 and time.monotonic() - self.began < SECOND_WITHIN_SECONDS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is to tell already, and what has to be asked for it to be complete.

    `heard`: whether the shop answered our request, with whatever but a server error; None where none was sent.
    `errors`: by product, our own mistake in its own words.
    """

    answers: list[LiveAnswer] = field(default_factory=list)
    open: list[Inquiry] = field(default_factory=list)
    heard: bool | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
