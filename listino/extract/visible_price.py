"""How likely each amount that a page shows is the price of its product.

Points for what a visitor goes by: it stands by the heading and the buy button, its element is called a price, it is not
struck through, not an instalment, not shipping, not the price of another product.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import exp

from listino.extract import naming
from listino.extract.layout import Layout, Shown
from listino.extract.places import Place

CALLED_PRICE = 3.0
CALLED_CURRENT = 1.2
IN_CURRENCY = 1.0
BY_HEADING = 3.0  # at the heading; less with every element between
BY_BUTTON = 1.5
AGAIN = 0.4  # each time the page shows it again, to MOST_AGAIN times
MOST_AGAIN = 3
LOWER_OF_TWO = 0.6  # two elements of one kind: the price before and now, or the ends of a range
# What speaks against it.
_AGAINST_NEAR = {
    naming.OLD: 5.0,
    naming.REGULAR: 0.6,
    naming.FEES: 4.0,
    naming.INSTALMENT: 4.0,
    naming.SAVING: 3.0,
    naming.UNIT: 3.0,
    naming.CHOICE: 1.0,
    naming.CODE: 4.0,
}
_AGAINST_AROUND = {
    naming.OLD: 3.0,
    naming.OTHERS: 5.0,
    naming.CART: 5.0,
    naming.FRAME: 3.5,
    naming.REVIEW: 3.0,
    naming.HIDDEN: 2.5,
    naming.INSTALMENT: 3.0,
    naming.FEES: 2.0,
}
_OLD_ALONE = 1.0  # where no lower price stands by it
_LINKED = 2.0  # a price that leads elsewhere is mostly another product's
_IN_A_SENTENCE = 1.5
_SENTENCE = 45  # characters
_LISTED = 3.0  # elements of that kind show so many different amounts that they must list products
_MANY = 5
_PAIR = 2
_MOST_REDUCED = Decimal("0.3")  # what is lower is no reduced price but a part of one
NOT_ASKED = naming.OLD | naming.UNIT | naming.FEES | naming.INSTALMENT | naming.SAVING
_TOGETHER = 80  # elements within which two prices are one block: the old one and the new one
_NEXT = 12  # and when nothing but that place calls the new one a price
_AFTER = 250.0  # elements after the heading in which half of its points are lost
_BEFORE = 60.0  # and before it


def likely_prices(layout: Layout) -> Mapping[Decimal, tuple[float, Shown]]:
    """The points of every amount shown, and where it is shown best."""
    kinds: defaultdict[tuple[int, int, int, int], set[Decimal]] = defaultdict(set)
    for shown in layout.amounts:
        kinds[_kind(shown.place)].add(shown.amount.value)
    buttons = [
        order for order, place in layout.buttons if not place.around & (naming.OTHERS | naming.FRAME | naming.CART)
    ]
    best: dict[Decimal, tuple[float, Shown]] = {}
    times: defaultdict[Decimal, int] = defaultdict(int)
    for shown in layout.amounts:
        value = shown.amount.value
        if value <= 0:
            continue
        points = _points(shown, layout.heading_order, buttons)
        called_old = (shown.place.own | shown.place.parent | shown.says) & naming.OLD
        if called_old and not shown.place.around & naming.OLD and not _has_successor(shown, layout.amounts):
            points += _AGAINST_NEAR[naming.OLD] - _OLD_ALONE
        alike = kinds[_kind(shown.place)]
        if len(alike) >= _MANY:
            points -= _LISTED
        elif (
            len(alike) == _PAIR
            and not shown.says & NOT_ASKED
            and value == min(alike)
            and value >= max(alike) * _MOST_REDUCED
        ):
            points += LOWER_OF_TWO
        if not shown.place.around & (naming.OTHERS | naming.CART):
            times[value] += 1
        if value not in best or points > best[value][0]:
            best[value] = (points, shown)
    return {
        value: (points + AGAIN * min(times[value] - 1, MOST_AGAIN) if times[value] > 1 else points, shown)
        for value, (points, shown) in best.items()
    }


def _has_successor(old: Shown, amounts: Sequence[Shown]) -> bool:
    """Whether a lower price stands by the one that is called old."""
    telling = NOT_ASKED & ~(old.place.own & ~naming.OLD)
    return any(
        0 < other.amount.value < old.amount.value
        and abs(other.order - old.order) <= (_TOGETHER if other.place.near & naming.PRICE else _NEXT)
        and not (other.place.own | other.says) & telling
        and not other.place.around & (naming.OTHERS | naming.CART | naming.HIDDEN | naming.OLD)
        and (other.place.near & naming.PRICE or other.amount.currency)
        for other in amounts
    )


def _kind(place: Place) -> tuple[int, int, int, int]:
    return place.depth, place.own, place.near, place.around


def _points(shown: Shown, heading: int | None, buttons: list[int]) -> float:
    place = shown.place
    points = 0.0
    if place.near & naming.PRICE:
        points += CALLED_PRICE if (place.own | place.parent) & naming.PRICE else CALLED_PRICE / 2
    if (place.near | shown.says) & naming.NOW and not (place.own | place.around | shown.says) & naming.OLD:
        points += CALLED_CURRENT
    if shown.amount.currency is not None:
        points += IN_CURRENCY
    # Names of the element itself count in full, those above it half: `price-box` holds the old price and the new one.
    for meaning, loss in _AGAINST_NEAR.items():
        if (place.own | shown.says) & meaning:
            points -= loss
        elif place.parent & meaning:
            points -= loss / 2
    for meaning, loss in _AGAINST_AROUND.items():
        if place.around & meaning:
            points -= loss
    if place.linked:
        points -= _LINKED
    if shown.length > _SENTENCE:
        points -= _IN_A_SENTENCE
    if heading is not None:
        away = shown.order - heading
        points += BY_HEADING * (exp(-away / _AFTER) if away >= 0 else exp(away / _BEFORE))
    if buttons:
        points += BY_BUTTON * exp(-min(abs(shown.order - button) for button in buttons) / _AFTER)
    return points
