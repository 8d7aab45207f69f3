from datetime import UTC, datetime, timedelta

import pytest

from backoffice.refresh import WORDS, Outcome, outcome_of
from backoffice.services.products import Refreshed
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.live.answer import LiveAnswer, Reason

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def said_of(answer: LiveAnswer, *, before: Money | None, ms: int = 2000) -> Outcome:
    return outcome_of(Refreshed(answer=answer, before=before, asked_at=NOW, ms=ms, wait_ms=2000))


def told(
    *, price: int = 4990, before: int | None = 5290, age_ms: int = 0, stock: Availability = Availability.IN_STOCK
) -> Outcome:
    answer = LiveAnswer(
        product_id="it:bottega:1", as_of=NOW - timedelta(milliseconds=age_ms), price=Money(price), availability=stock
    )
    outcome = said_of(answer, before=Money(before) if before else None, ms=143)
    return Outcome(outcome.tone, outcome.text.replace("\N{NO-BREAK SPACE}", " "))


def test_a_changed_price_is_told_with_the_one_before() -> None:
    assert told() == Outcome("good", "Fresh from the shop in 143 ms: €49.90, was €52.90.")


def test_an_unchanged_price_is_confirmed() -> None:
    assert told(before=4990).text == "Fresh from the shop in 143 ms: €49.90, as before."


def test_a_first_price_has_no_comparison() -> None:
    assert told(before=None).text == "Fresh from the shop in 143 ms: €49.90."


def test_an_answer_that_was_there_already_does_not_boast_of_speed() -> None:
    assert told(age_ms=400).text == "Fresh from the shop, asked 400 ms ago: €49.90, was €52.90."


def test_missing_stock_is_said() -> None:
    assert told(stock=Availability.OUT_OF_STOCK).text.endswith("Out of stock.")


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words(reason: Reason) -> None:
    answer = LiveAnswer(product_id="it:bottega:1", as_of=NOW, reason=reason)

    outcome = said_of(answer, before=Money(5290))

    assert reason in WORDS
    assert outcome.tone in ("warn", "bad")
    assert len(outcome.text) > 30
    assert "{" not in outcome.text


def test_the_deadline_names_how_long_was_waited() -> None:
    answer = LiveAnswer(product_id="it:bottega:1", as_of=NOW, reason=Reason.DEADLINE)

    assert "after 2.0\N{NO-BREAK SPACE}s" in said_of(answer, before=None).text
