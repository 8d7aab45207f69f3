"""The steps of an upsert, taken by no server at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pymongo.errors import BulkWriteError
from pymongo.results import BulkWriteResult

from listino.domain.listing import Terms, reoffer
from listino.domain.offer import ShopOffer, ShopProduct
from listino.domain.product import Product
from listino.store.intake import Question
from listino.store.outage import UNAVAILABLE, Contended
from listino.store.storing import DUPLICATE_KEY, Bulk, Storing
from listino.store.upsert import needed_of


@pytest.fixture
def storing(listed_shirt: Product, shirt: ShopProduct, terms: Terms, seen_at: datetime) -> Storing:
    """A live refresh of the shirt, dearer by a cent than it is stored."""
    dearer = ShopOffer.of(
        [replace(one, cost=replace(one.cost, minor=one.cost.minor + 1)) for one in shirt.offer.variants]
    )
    fresh = reoffer(listed_shirt, dearer, terms, at=seen_at + timedelta(minutes=1))
    planned = Storing([fresh], known={listed_shirt.id: listed_shirt})
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
                step.documents = [needed_of(replace(listed_shirt, content_hash=f"another {next(rounds)}"))]

    with pytest.raises(Contended):
        take_all(storing.writing())
    assert issubclass(Contended, UNAVAILABLE)
    assert storing.plan.changed == [listed_shirt.id]


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
