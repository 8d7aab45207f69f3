"""The steps of an upsert, taken by no server at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.results import BulkWriteResult

from listino.domain.history import PricePoint, point_of
from listino.domain.listing import Terms, reoffer
from listino.domain.offer import ShopOffer, ShopProduct
from listino.domain.product import Product, ProductId
from listino.store.documents import point_document, product_document
from listino.store.filing import MOST_UNFILED, Filing
from listino.store.history import DUPLICATE_KEY
from listino.store.intake import Question
from listino.store.outage import UNAVAILABLE, Contended
from listino.store.storing import Bulk, Storing

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


def result(matched: int, modified: int | None = None) -> BulkWriteResult:
    counts = {"nMatched": matched, "nModified": matched if modified is None else modified, "nUpserted": 0}
    return BulkWriteResult(counts, acknowledged=True)


def test_the_history_is_written_before_the_product(storing: Storing) -> None:
    collections = []
    for step in storing.writing():
        assert isinstance(step, Bulk), "where all that was sent found its document nothing is read back"
        collections.append(step.collection)
        step.done(result(len(step.writes)))
    assert collections == ["price_history", "products"]


class Told(Filing):
    """What it is told to file; it has nowhere to file it, and knows that nothing is filed but what is in `known`."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.told: dict[ProductId, tuple[PricePoint, ...]] = {}
        self.known: tuple[PricePoint, ...] = ()

    def rest(self, product_id: ProductId, carried: tuple[PricePoint, ...]) -> tuple[PricePoint, ...]:
        return tuple(point for point in carried if point not in self.known)

    def file(self, product_id: ProductId, carried: tuple[PricePoint, ...]) -> None:
        self.told[product_id] = carried


def steps_of(storing: Storing) -> list[Bulk]:
    """All that is sent, each as if it had found what it goes by."""
    assert list(storing.planning()) == []
    sent = []
    for step in storing.writing():
        assert isinstance(step, Bulk)
        sent.append(step)
        step.done(result(len(step.writes)))
    return sent


def test_a_live_refresh_that_may_be_filed_later_is_one_write_with_its_point(
    listed_shirt: Product, look: Look, terms: Terms
) -> None:
    filing, fresh = Told(), look(1, 1)
    storing = Storing([fresh], terms=terms, known={listed_shirt.id: listed_shirt}, filing=filing)
    (sent,) = steps_of(storing)
    (write,) = sent.writes
    point = point_of(fresh)
    assert point is not None
    assert (sent.collection, write._doc["$set"]["unfiled"]) == ("products", [point_document(point)])
    assert filing.told == {fresh.id: (point,)}
    assert storing.left[fresh.id].unfiled == (point,), "whoever goes by the page that is left knows of it"


def test_points_that_are_filed_are_carried_no_longer_and_others_are_up_to_a_few(
    listed_shirt: Product, look: Look, terms: Terms
) -> None:
    points = tuple(point for n in range(MOST_UNFILED) if (point := point_of(look(n, n))))
    before = replace(listed_shirt, unfiled=points)
    fresh = replace(look(9, 9), unfiled=points)  # as a refresh makes it of what was known
    filing = Told()
    history, product = steps_of(Storing([fresh], terms=terms, known={before.id: before}, filing=filing))
    (month,) = history.writes
    assert len(month._doc["$addToSet"]["points"]["$each"]) == MOST_UNFILED + 1
    assert "unfiled" in product.writes[0]._doc["$unset"]
    assert not filing.told
    filing.known = points[:-1]
    (product,) = steps_of(Storing([fresh], terms=terms, known={before.id: before}, filing=filing))
    assert filing.told == {fresh.id: (points[-1], point_of(fresh))}
    assert product.writes[0]._filter["unfiled"] == [point_document(point) for point in points]


def test_an_unchanged_product_has_filed_what_it_carries(listed_shirt: Product, look: Look, terms: Terms) -> None:
    point = point_of(listed_shirt)
    assert point is not None
    before, filing = replace(listed_shirt, unfiled=(point,)), Told()
    storing = Storing([replace(look(0, 1), unfiled=(point,))], terms=terms, known={before.id: before}, filing=filing)
    (sent,) = steps_of(storing)
    assert (sent.collection, storing.plan.unchanged, filing.told) == ("products", [before.id], {before.id: (point,)})
    assert storing.left[before.id].unfiled == (point,)


def test_what_did_not_land_is_not_told_and_comes_again_with_the_history_first(
    listed_shirt: Product, look: Look, terms: Terms
) -> None:
    """Somebody has stored another price meanwhile, which the product carries."""
    filing, theirs = Told(), look(5, 0.5)
    point, ours = point_of(theirs), point_of(look(1, 1))
    assert point is not None
    assert ours is not None
    storing = Storing([look(1, 1)], terms=terms, known={listed_shirt.id: listed_shirt}, filing=filing)
    assert list(storing.planning()) == []
    collections: list[str] = []
    for step in storing.writing():
        if isinstance(step, Question):
            step.documents = [product_document(replace(theirs, unfiled=(point,)))]
            continue
        collections.append(step.collection)
        if step.collection == "price_history":
            (month,) = step.writes
            assert month._doc["$addToSet"]["points"]["$each"] == [point_document(point), point_document(ours)]
        step.done(result(len(step.writes) if len(collections) > 1 else 0))
    assert collections == ["products", "price_history", "products"]
    assert filing.told == {}


def test_what_a_write_that_changed_nothing_has_left_is_not_known(storing: Storing, listed_shirt: Product) -> None:
    """As one beside a later look, of which only the time differs."""
    for modified, left in ((0, []), (1, [listed_shirt.id])):
        for step in storing.writing():
            assert isinstance(step, Bulk)
            step.done(result(len(step.writes), modified))
        assert list(storing.left) == left


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
