"""The figures of many views: what was fresh in time, what was late, where the time went, what was delivered twice."""

import argparse
from datetime import UTC, datetime

import orjson
import pytest
from deliveries import Delivery, twice
from ledger import Ledger
from live import letters
from shops.server import Visit
from stages import FAILED, NOT_ANSWERED, NOT_ASKED, NOT_DELIVERED, STAGES, overdue, stages
from views import View, late, percentile, reasons, share_fresh

from listino.domain.money import Money
from listino.live.answer import LiveAnswer, Reason

ID = "it:load-it:7"
SEEN = {"product_id": ID, "opened": 1000.0, "closed": 1000.4, "page_status": 200, "status": 200, "waited_ms": 390.0}


def view(seconds: float = 0.4, *, fresh: bool = True, waited_ms: float = 390) -> View:
    return View.told(
        {**SEEN, "closed": 1000 + seconds, "waited_ms": waited_ms}, orjson.dumps({"fresh": fresh, "price": "1.90"})
    )


def delivery(at: float, price: int, reason: Reason | None = None) -> Delivery:
    money = None if reason else Money(price)
    return Delivery(at, LiveAnswer(product_id=ID, as_of=datetime.fromtimestamp(at, UTC), price=money, reason=reason))


def test_a_line_of_k6_becomes_a_view() -> None:
    body = '{"price": "49.90", "fresh": true, "reason": null}'
    assert View.of(orjson.dumps({**SEEN, "body": body}).decode()) == View.told(SEEN, body)
    seen = View.told(SEEN, body)
    assert (seen.price, seen.fresh, seen.failed, seen.shop) == (4990, True, False, "it:load-it")
    assert seen.seconds == pytest.approx(0.4)


@pytest.mark.parametrize("status", [0, 500, 503])
def test_a_view_without_an_answer_failed(status: int) -> None:
    seen = View.of(orjson.dumps({**SEEN, "status": status, "body": None}).decode())
    assert (seen.failed, seen.fresh, seen.price) == (True, False, None)
    assert reasons([seen]) == f"status 200/{status} 1"


def test_only_what_is_fresh_in_time_counts() -> None:
    assert share_fresh([view(), view(1.0), view(1.1), view(fresh=False)]) == 0.5
    assert share_fresh([view(1.1)], 1.5) == 1
    assert share_fresh([]) == 0


def test_an_answer_is_late_beyond_its_deadline_and_the_margin() -> None:
    seen = [view(waited_ms=waited) for waited in (949, 1000, 1000.1, 1200)]
    assert late(seen, 950) == seen[2:]


def test_percentiles_are_values_that_were_there() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)) == (51, 100, 100)


def test_the_stages_add_up_to_the_view() -> None:
    visits = {"it:load-it": [Visit(1000.1, [7], ended=1000.25, status=200, told=[(7, 100, 999, 1002)])]}
    found = stages([view(), view(fresh=False)], visits, [delivery(1000.3, 190)])
    assert [found[stage] for stage in STAGES] == [[pytest.approx(s)] for s in (0.1, 0.15, 0.05, 0.1)]


@pytest.mark.parametrize(
    ("visits", "far"),
    [
        ([], NOT_ASKED),
        ([Visit(1000.5, [7])], NOT_ASKED),
        ([Visit(1000.1, [8], ended=1000.2, status=200)], NOT_ASKED),
        ([Visit(1000.1, [7])], NOT_ANSWERED),
        ([Visit(1000.1, [7], ended=1000.5, status=200)], NOT_ANSWERED),
        ([Visit(1000.1, [7], ended=1000.2, status=500)], FAILED),
        ([Visit(999.9, [7], ended=1000.2, status=200)], NOT_DELIVERED),
    ],
)
def test_it_is_known_how_far_things_were_when_it_was_too_late(visits: list[Visit], far: str) -> None:
    assert overdue([view(fresh=False), view()], {"it:load-it": visits}) == {far: 1}


def test_two_prices_within_the_time_of_one_are_found() -> None:
    assert twice([delivery(1000, 190), delivery(1000.5, 290)], 1) == [f"{ID}: 1.90 and 500 ms later 2.90"]
    assert twice([delivery(1000, 190), delivery(1000.5, 190)], 1) == []
    assert twice([delivery(1000, 190), delivery(1001.5, 290)], 1) == []
    assert twice([delivery(1000, 190), delivery(1000.5, 0, Reason.SHOP_SILENT)], 1) == []


def test_what_is_not_kept_is_named() -> None:
    ledger = Ledger()
    ledger.note("errors", "3", "0", kept=False)
    ledger.note("fresh", "99.5%", "99%")
    ledger.note("not fresh, and why", "deadline 2")
    assert ledger.missed == ["errors: 3, wanted 0"]
    assert ledger.table().splitlines()[2:] == [
        "| errors | 3 | 0 | **no** |",
        "| fresh | 99.5% | 99% | yes |",
        "| not fresh, and why | deadline 2 |  |  |",
    ]


def test_scenarios_are_chosen_by_their_letters() -> None:
    assert letters("a, c,f") == ["a", "c", "f"]
    with pytest.raises(argparse.ArgumentTypeError, match="x: choose of a, b, c, d, e, f, g, h"):
        letters("a,x")
