"""A price that was called fresh and was not the shop's truth is found out by the shop's own log."""

import pytest
from shops.server import Visit
from truth import Truth
from views import View

ID = "it:load-it:7"
NOW = 1000.0


def view(price: int | None = 200, *, closed: float = NOW, fresh: bool = True) -> View:
    return View(
        product_id=ID,
        opened=closed - 0.3,
        closed=closed,
        page_status=200,
        status=200,
        waited_ms=290,
        price=price,
        fresh=fresh,
    )


def truth(*told: tuple[float, int, float, float]) -> Truth:
    """What was told when, in cents, and from when until when it was so; we ask twice as much."""
    visits = [
        Visit(at - 0.1, [7], ended=at + 0.05, spoke=at, status=200, told=[(7, minor, since, until)])
        for at, minor, since, until in told
    ]
    return Truth({"it:load-it": visits}, lambda product_id, minor: 2 * minor)


def test_what_the_shop_has_just_told_is_the_truth() -> None:
    assert truth((NOW - 0.1, 100, NOW - 5, NOW + 5)).complaint(view()) is None


def test_what_it_asked_at_some_moment_of_the_last_second_is_the_truth() -> None:
    assert truth((NOW - 0.9, 100, NOW - 5, NOW - 0.8)).complaint(view()) is None


def test_a_price_that_still_holds_is_the_truth_however_long_ago_it_was_told() -> None:
    assert truth((NOW - 3, 100, NOW - 5, NOW + 1)).complaint(view()) is None


@pytest.mark.parametrize(
    ("told", "shown", "complaint"),
    [
        ((NOW - 1.6, 100, NOW - 5, NOW - 1.5), view(), "was the truth until 1.498 s before"),
        ((NOW - 0.1, 101, NOW - 5, NOW + 5), view(), "costs 200, which its shop never told"),
        ((NOW + 0.1, 100, NOW - 5, NOW + 5), view(), "its shop was not asked for it"),
        ((NOW - 0.1, 100, NOW - 5, NOW + 5), view(None), "is fresh and has no price"),
    ],
)
def test_what_is_not_the_truth_is_named(told: tuple[float, int, float, float], shown: View, complaint: str) -> None:
    assert complaint in (truth(told).complaint(shown) or "")


def test_of_two_prices_the_older_one_is_no_truth_any_more() -> None:
    moved = truth((NOW - 3, 100, NOW - 5, NOW - 2), (NOW - 0.5, 150, NOW - 2, NOW + 2))
    assert moved.complaint(view(300)) is None
    assert "was the truth until" in (moved.complaint(view(200)) or "")


def test_what_was_not_called_fresh_is_not_held_against_the_shop() -> None:
    assert truth().complaint(view(fresh=False)) is None


def test_it_is_known_when_a_shop_was_asked() -> None:
    told = truth((NOW, 100, NOW - 5, NOW + 5))
    assert told.asked_between(ID, NOW - 0.2, NOW)
    assert not told.asked_between(ID, NOW - 0.05, NOW)
    assert not told.asked_between("it:load-it:8", 0, NOW)
