import threading

import pytest
from pymongo.errors import ExecutionTimeout

from backoffice import assortment as module
from backoffice.assortment import KEPT_SECONDS, Assortment, ShopSize
from listino.store.products import Stock


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def shelf(on_sale: int) -> Stock:
    """So many on sale, and two that are gone."""
    return Stock(on_sale + 2, on_sale, 2)


def size(market: str, shop: str, on_sale: int) -> ShopSize:
    return ShopSize(market, shop, on_sale, on_sale + 2, 2)


def settled(assortment: Assortment) -> list[ShopSize] | None:
    """The sizes once a count that is under way has ended."""
    assortment.sizes()
    counting = assortment._counting
    if counting is not None:
        counting.join(5)
    return assortment.sizes()


def test_shops_are_counted_once_a_minute() -> None:
    clock, asked = Clock(), []

    def count() -> dict[str, Stock]:
        asked.append(clock.now)
        return {"it:bottega": shelf(len(asked)), "de:kontor": shelf(5), "fr:vide": shelf(0)}

    assortment = Assortment(count, clock)

    assert assortment.sizes() == [size("de", "kontor", 5), size("it", "bottega", 1)]
    clock.now += KEPT_SECONDS - 1
    assert settled(assortment) == [size("de", "kontor", 5), size("it", "bottega", 1)]
    clock.now += 1
    assert settled(assortment) == [size("de", "kontor", 5), size("it", "bottega", 2)]
    assert len(asked) == 2


def test_a_store_that_cannot_count_leaves_the_last_figures() -> None:
    clock, answers = Clock(), iter([{"it:bottega": shelf(7)}, None])

    def count() -> dict[str, Stock]:
        counted = next(answers)
        if counted is None:
            raise ExecutionTimeout("operation exceeded time limit")
        return counted

    assortment = Assortment(count, clock)
    settled(assortment)
    clock.now += KEPT_SECONDS

    assert settled(assortment) == [size("it", "bottega", 7)]


def test_never_counted_is_not_nothing() -> None:
    def count() -> dict[str, Stock]:
        raise ExecutionTimeout("operation exceeded time limit")

    assert settled(Assortment(count, Clock())) is None


def test_nobody_waits_for_a_long_count_and_only_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    end, begun = threading.Event(), []

    def count() -> dict[str, Stock]:
        begun.append(1)
        end.wait(5)
        return {"it:bottega": shelf(1)}

    assortment = Assortment(count, Clock())

    assert [assortment.sizes() for _ in range(3)] == [None] * 3
    assert len(begun) == 1
    end.set()
    assert settled(assortment) == [size("it", "bottega", 1)]


def test_a_shop_of_which_nothing_is_on_sale_is_in_the_stock_alone() -> None:
    assortment = Assortment(lambda: {"fr:vide": shelf(0), "it:bottega": shelf(4)}, Clock())

    assert assortment.stock() == [size("fr", "vide", 0), size("it", "bottega", 4)]
    assert assortment.sizes() == [size("it", "bottega", 4)]
