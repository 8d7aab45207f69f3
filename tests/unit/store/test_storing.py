"""The steps of an upsert, taken by no server at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.results import BulkWriteResult

from listino.domain.listing import Terms, reoffer
from listino.domain.offer import ShopOffer, ShopProduct
from listino.domain.product import Product
from listino.store.documents import product_document
from listino.store.intake import Question
from listino.store.outage import UNAVAILABLE, Contended
from listino.store.storing import DUPLICATE_KEY, Bulk, Storing

Look = Callable[[int, float], Product]


@pytest.fixture
def look(listed_shirt: Product, shirt: ShopProduct, terms: Terms, seen_at: datetime) -> Look:
    """The shirt as a live refresh shows it, dearer by so many cents, so many minutes later."""

    def looked(cents: int, minutes: float) -> Product:
        variants = [replace(one, cost=replace(one.cost, minor=one.cost.minor + cents)) for one in shirt.offer.variants]
        return reoffer(listed_shirt, ShopOffer.of(variants), terms, at=seen_at + timedelta(minutes=minutes))

    return looked


@pytest.fixture
def storing(listed_shirt: Product, look: Look, terms: Terms) -> Storing:
    """A live refresh of the shirt, dearer by a cent than it is stored, a minute later."""
    planned = Storing([look(1, 1)], terms=terms, known={listed_shirt.id: listed_shirt})
    assert list(planned.planning()) == [], "what is known is not asked"
    return planned


def result(matched: int) -> BulkWriteResult:
    return BulkWriteResult({"nMatched": matched, "nUpserted": 0}, acknowledged=True)


def test_the_history_is_written_before_the_product(storing: Storing) -> None:
    collections = []
    for step in storing.writing():
        assert isinstance(step, Bulk), "where all that was sent found its document nothing is read back"
        collections.append(step.collection)
        step.done(result(len(step.writes)))
    assert collections == ["price_history", "products"]


def test_what_others_change_all_the_time_is_an_outage(storing: Storing, listed_shirt: Product) -> None:
    rounds = iter(range(1000))

    def take_all(steps: Iterator[Bulk | Question]) -> None:
        for step in steps:
            if isinstance(step, Bulk):
                step.done(result(0))
            else:
                step.documents = [product_document(replace(listed_shirt, content_hash=f"another {next(rounds)}"))]

    with pytest.raises(Contended):
        take_all(storing.writing())
    assert issubclass(Contended, UNAVAILABLE)
    assert storing.plan.changed == [listed_shirt.id]


def removed(storing: Storing, *meanwhile: Product) -> list[UpdateOne]:
    """What is taken out of the history again while, round by round, the product has become these."""
    others, now = list(meanwhile), meanwhile[0]
    writes: list[UpdateOne] = []
    for step in storing.writing():
        if isinstance(step, Question):
            step.documents = [product_document(now)] if step.collection == "products" else []
        elif step.collection == "products" and others:
            now = others.pop(0)
            step.done(result(0))
        else:
            writes += step.writes if step.collection == "price_history" else []
            step.done(result(len(step.writes)))
    assert not others
    return [write for write in writes if "$pull" in write._doc]


def test_a_point_that_was_written_rounds_ago_is_taken_out_when_its_price_is_held(storing: Storing, look: Look) -> None:
    """First somebody stores the same price, so that there is nothing to add; then one is accepted that is far from ours."""
    assert len(removed(storing, look(1, 0.5), look(200_000, 0.5))) == 1
    assert storing.plan.held


def test_a_price_that_was_followed_by_a_later_look_stays_in_the_history(storing: Storing, look: Look) -> None:
    assert removed(storing, look(200_000, 2)) == []
    assert storing.plan.held


def test_what_met_another_insertion_is_sent_once_more_and_not_for_ever(storing: Storing) -> None:
    steps = storing.writing()
    bulk = next(steps)
    assert isinstance(bulk, Bulk)
    first = list(bulk.writes)
    refusal = BulkWriteError({"writeErrors": [{"index": 0, "code": DUPLICATE_KEY}], "nMatched": 0, "nUpserted": 0})
    bulk.refused(refusal)
    assert next(steps) is bulk
    assert bulk.writes == first
    with pytest.raises(BulkWriteError):
        bulk.refused(refusal)


def test_another_error_of_a_write_is_raised(storing: Storing) -> None:
    bulk = next(storing.writing())
    assert isinstance(bulk, Bulk)
    with pytest.raises(BulkWriteError):
        bulk.refused(BulkWriteError({"writeErrors": [{"index": 0, "code": 121}]}))
