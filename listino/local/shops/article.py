"""A good as it stands in its shop right now: the drawn good under the prices and stock that operations gave it."""

from dataclasses import dataclass
from datetime import datetime

from listino.local.shops.goods import VOCABULARIES, Form, Good
from listino.local.shops.vocabulary.words import Vocabulary

# What a variant that was sold out holds after the shop was told that it is in stock again.
RESTOCKED_PIECES = 7


@dataclass(slots=True)
class Change:
    """What operations did to one good: None is as drawn. `price` is in cents, the lowest among the variants; `slip` is what
    a shop's mistake multiplies every price by."""

    at: datetime
    price: int | None = None
    in_stock: bool | None = None
    slip: float = 1.0


@dataclass(frozen=True, slots=True)
class Article:
    """One good with its change applied. Amounts are in cents and hold the market's VAT."""

    market: str
    good: Good
    change: Change | None = None

    @property
    def words(self) -> Vocabulary:
        return VOCABULARIES[self.market]

    @property
    def price(self) -> int:
        """The price asked now: the lowest among the forms."""
        return self._slipped(self._right_price)

    @property
    def list_price(self) -> int | None:
        """The struck-through price: stays where it was drawn, and falls away once the price has reached it."""
        listed = self.good.list_price
        return listed if listed is not None and listed > self.price else None

    @property
    def in_stock(self) -> bool:
        return any(self.quantity(form) for form in self.good.forms)

    @property
    def changed_at(self) -> datetime:
        return self.change.at if self.change else self.good.introduced

    @property
    def department(self) -> str:
        return self.words.departments[self.good.kind.department]

    @property
    def category(self) -> str:
        """The name of the leaf category."""
        return self.words.kinds[self.good.kind.code][1]

    def cost(self, form: Form) -> int:
        return self._slipped(self._right_price + form.surcharge)

    @property
    def _right_price(self) -> int:
        return self.good.price if self.change is None or self.change.price is None else self.change.price

    def _slipped(self, cents: int) -> int:
        return cents if self.change is None else round(cents * self.change.slip)

    def list_cost(self, form: Form) -> int | None:
        return None if self.list_price is None else self.list_price + form.surcharge

    def quantity(self, form: Form) -> int:
        """Pieces in stock."""
        told = self.change.in_stock if self.change else None
        if told is None:
            return form.quantity
        return (form.quantity or RESTOCKED_PIECES) if told else 0

    def colour(self, form: Form) -> str:
        """The colour's name, empty for goods that come in none."""
        return self.words.colours[form.colour] if form.colour else ""

    def photo(self, number: int) -> str:
        """Path of a photo, counted from 1."""
        return f"/media/{self.good.reference}-{number}.svg"

    def thumbnail(self, number: int) -> str:
        return f"/media/{self.good.reference}-{number}-thumb.svg"
