import threading

import pytest
from pymongo.errors import ExecutionTimeout

from backoffice import assortment as module
from backoffice.assortment import KEPT_SECONDS, Assortment, ShopSize
from listino.store.stock import Stock


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def shelf(on_sale: int) -> Stock:
    """So many on sale, and two that are gone."""
    return Stock(on_sale + 2, on_sale, 2)


def size(market: str, shop: str, on_sale: int) -> ShopSize:
    return ShopSize(market, shop, on_sale, on_sale + 2, 2)


class Book:
    """Counts that are kept, and what counting anew gives in turn: None where it is not due."""

    def __init__(self, *counts: dict[str, Stock] | None, kept: dict[str, Stock] | None = None) -> None:
        self._kept, self._counts, self.asked = kept, iter(counts), 0

    def kept(self) -> dict[str, Stock] | None:
        return self._kept

    def renew(self) -> dict[str, Stock] | None:
        self.asked += 1
        return next(self._counts)


class Silent(Book):
    """A store that cannot be asked any more once its counts have been told."""

    def renew(self) -> dict[str, Stock] | None:
        for found in self._counts:
            return found
        raise ExecutionTimeout("operation exceeded time limit")


def settled(assortment: Assortment) -> list[ShopSize] | None:
    """The sizes once a look that is under way has ended."""
    assortment.sizes()
    looking = assortment._looking
    if looking is not None:
        looking.join(5)
    return assortment.sizes()


def test_it_is_looked_for_new_counts_now_and_then() -> None:
    clock = Clock()
    first, second = ({"it:bottega": shelf(n), "de:kontor": shelf(5), "fr:vide": shelf(0)} for n in (1, 2))
    book = Book(first, None, second)
    assortment = Assortment(book, clock)

    assert assortment.sizes() == [size("de", "kontor", 5), size("it", "bottega", 1)]
    clock.now += KEPT_SECONDS - 1
    assert settled(assortment) == [size("de", "kontor", 5), size("it", "bottega", 1)]
    assert book.asked == 1
    clock.now += 1
    assert settled(assortment) == [size("de", "kontor", 5), size("it", "bottega", 1)]
    clock.now += KEPT_SECONDS
    assert settled(assortment) == [size("de", "kontor", 5), size("it", "bottega", 2)]
    assert book.asked == 3


def test_what_another_process_has_counted_is_shown_as_well() -> None:
    clock, book = Clock(), Book(None, None, kept={"it:bottega": shelf(3)})
    assortment = Assortment(book, clock)

    assert settled(assortment) == [size("it", "bottega", 3)]
    book._kept = {"it:bottega": shelf(4)}
    clock.now += KEPT_SECONDS
    assert settled(assortment) == [size("it", "bottega", 4)]


def test_a_store_that_cannot_count_leaves_the_last_figures() -> None:
    clock = Clock()
    assortment = Assortment(Silent({"it:bottega": shelf(7)}), clock)
    settled(assortment)
    clock.now += KEPT_SECONDS

    assert settled(assortment) == [size("it", "bottega", 7)]


def test_never_counted_is_not_nothing() -> None:
    assert settled(Assortment(Silent(), Clock())) is None


class Slow(Book):
    """A count that takes until `end`."""

    def __init__(self, *counts: dict[str, Stock] | None, kept: dict[str, Stock] | None = None) -> None:
        super().__init__(*counts, kept=kept)
        self.end = threading.Event()

    def renew(self) -> dict[str, Stock] | None:
        found = super().renew()
        self.end.wait(5)
        return found


def test_nobody_waits_for_a_long_count_and_only_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    book = Slow({"it:bottega": shelf(1)})
    assortment = Assortment(book, Clock())

    assert [assortment.sizes() for _ in range(3)] == [None] * 3
    assert book.asked == 1
    book.end.set()
    assert settled(assortment) == [size("it", "bottega", 1)]


def test_only_who_comes_when_counting_begins_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    clock, book, waited = Clock(), Slow({"it:bottega": shelf(1)}), []
    assortment = Assortment(book, clock)
    monkeypatch.setattr(assortment._told, "wait", waited.append)

    assert assortment.sizes() is None
    assert len(waited) == 1
    clock.now += 1
    assert assortment.sizes() is None
    assert len(waited) == 1
    book.end.set()


def test_a_kept_count_is_shown_while_a_new_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)
    book = Slow({"it:bottega": shelf(2)}, kept={"it:bottega": shelf(1)})
    assortment = Assortment(book, Clock())

    assert assortment.sizes() == [size("it", "bottega", 1)]
    book.end.set()
    assert settled(assortment) == [size("it", "bottega", 2)]


def test_a_shop_of_which_nothing_is_on_sale_is_in_the_stock_alone() -> None:
    assortment = Assortment(Book({"fr:vide": shelf(0), "it:bottega": shelf(4)}), Clock())

    assert assortment.stock() == [size("fr", "vide", 0), size("it", "bottega", 4)]
    assert assortment.sizes() == [size("it", "bottega", 4)]
