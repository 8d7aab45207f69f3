from datetime import UTC, datetime

import orjson
import pytest

from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.live.answer import LiveAnswer, Reason, id_in

AT = datetime(2026, 3, 1, 9, 30, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "answer",
    [
        LiveAnswer(product_id="it:bottega:8411", as_of=AT, price=Money(4990), availability=Availability.IN_STOCK),
        LiveAnswer(product_id="it:bottega:a%2Fb", as_of=AT, price=Money(0, "GBP"), availability=Availability.UNKNOWN),
        LiveAnswer(product_id="fr:atelier:1", as_of=AT),
        *(LiveAnswer(product_id="de:kontor:1", as_of=AT, reason=reason) for reason in Reason),
        LiveAnswer(product_id="de:kontor:1", as_of=AT, availability=Availability.OUT_OF_STOCK, reason=Reason.HELD),
        LiveAnswer(product_id=5, as_of=AT, reason=Reason.NO_SHOP),
    ],
)
def test_an_answer_survives_its_way_through_redis(answer: LiveAnswer) -> None:
    assert LiveAnswer.from_json(answer.to_json()) == answer


@pytest.mark.parametrize("milliseconds", range(0, 1000, 37))
def test_times_survive_to_the_millisecond(milliseconds: int) -> None:
    at = AT.replace(microsecond=milliseconds * 1000)
    assert LiveAnswer.from_json(LiveAnswer(product_id="it:a:1", as_of=at).to_json()).as_of == at


def test_an_answer_is_fresh_when_there_is_no_reason_why_not() -> None:
    assert LiveAnswer(product_id="it:a:1", as_of=AT, price=Money(1)).fresh
    assert not LiveAnswer(product_id="it:a:1", as_of=AT, reason=Reason.DEADLINE).fresh


def test_amounts_travel_as_integers() -> None:
    text = LiveAnswer(product_id="it:a:1", as_of=AT, price=Money(4990), availability=Availability.IN_STOCK).to_json()
    assert orjson.loads(text) == {
        "product_id": "it:a:1",
        "as_of_ms": 1772357400123,
        "price": 4990,
        "currency": "EUR",
        "availability": "InStock",
        "reason": None,
        "legs_us": None,
    }


@pytest.mark.parametrize("product_id", ["it:bottega:8411", "it:bottega:a%2Fb-1._~"])
def test_whose_answer_it_is_is_seen_without_decoding(product_id: str) -> None:
    assert id_in(LiveAnswer(product_id=product_id, as_of=AT, reason=Reason.GONE).to_json()) == product_id
    # A script writes its fields in an order of its own.
    assert id_in(b'{"reason":"shop_down","as_of_ms":1,"product_id":"%b"}' % product_id.encode()) == product_id


def test_where_that_is_not_plain_it_has_to_be_decoded() -> None:
    assert id_in(LiveAnswer(product_id=5, as_of=AT, reason=Reason.NO_SHOP).to_json()) is None
    assert id_in(b"no answer at all") is None
