import pytest

from listino.domain.errors import InvalidValue
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, Variant

IN, OUT, UNKNOWN = Availability.IN_STOCK, Availability.OUT_OF_STOCK, Availability.UNKNOWN


def test_the_cheapest_variant_sets_the_cost_and_its_struck_through_price() -> None:
    dear = Variant(sku="a", cost=Money(900), list_cost=Money(1000))
    cheap = Variant(sku="b", cost=Money(800), list_cost=Money(850))
    offer = ShopOffer.of([dear, cheap])
    assert (offer.cost, offer.list_cost, offer.variants) == (Money(800), Money(850), (dear, cheap))


@pytest.mark.parametrize(
    ("states", "state"),
    [([OUT, IN], IN), ([UNKNOWN, IN], IN), ([OUT, UNKNOWN], OUT), ([UNKNOWN], UNKNOWN), ([OUT, OUT], OUT)],
)
def test_availability_of_several(states: list[Availability], state: Availability) -> None:
    variants = [Variant(sku=str(n), cost=Money(1), availability=each) for n, each in enumerate(states)]
    assert ShopOffer.of(variants).availability is state


def test_no_variant_is_no_offer() -> None:
    with pytest.raises(InvalidValue):
        ShopOffer.of([])
