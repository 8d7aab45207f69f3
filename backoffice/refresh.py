"""What came of asking a shop for its price, in words for the person who asked."""

from dataclasses import dataclass
from datetime import datetime

from backoffice.formats import AVAILABILITY, money
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.live.answer import LiveAnswer, Reason

_KEPT = "Shown is the last known price."

# Tone and words for each reason; {wait} is how long we waited.
WORDS = {
    Reason.DEADLINE: (
        "warn",
        "The shop had not answered after {wait}. It is still being asked: refresh again in a moment. " + _KEPT,
    ),
    Reason.NO_SHOP: ("warn", "There is no shop to ask: these goods come from a catalogue, or their shop was removed."),
    Reason.SHOP_SILENT: ("warn", "The shop does not answer. " + _KEPT),
    Reason.SHOP_REFUSED: ("warn", "The shop refused to answer (too many requests, or an error on its side). " + _KEPT),
    Reason.SHOP_BUSY: ("warn", "The shop is asked as often as it allows already: refresh again in a moment. " + _KEPT),
    Reason.SHOP_DOWN: (
        "warn",
        "The shop has left several requests in a row unanswered; it is tried again every second. " + _KEPT,
    ),
    Reason.UNREADABLE: ("bad", "The shop answered, but its answer could not be read. Tell the operator. " + _KEPT),
    Reason.HELD: (
        "warn",
        "The shop asks a price that is not plausible: it is held until the pricing manager has decided. " + _KEPT,
    ),
    Reason.GONE: ("bad", "The shop no longer has this product: do not promise it to anybody."),
    Reason.FAILED: (
        "bad",
        "Something broke on our side while asking. The operator finds it in the worker's log. " + _KEPT,
    ),
    Reason.PARKED: (
        "bad",
        "Asking for this product broke our workers several times, so it is not asked for. Tell the operator. " + _KEPT,
    ),
    Reason.DROPPED: ("warn", "There was too much to ask this shop. Refresh again. " + _KEPT),
    Reason.NO_QUEUE: ("bad", "Nobody can be asked right now, because Redis is away. Tell the operator. " + _KEPT),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`tone` is good, warn or bad."""

    tone: str
    text: str


def outcome_of(answer: LiveAnswer, *, before: Money | None, asked_at: datetime, ms: int, wait_ms: int) -> Outcome:
    """The outcome for a request made at `asked_at` that took `ms`; `before` is the price shown until then."""
    if answer.reason is not None:
        tone, words = WORDS[answer.reason]
        return Outcome(tone, words.format(wait=f"{wait_ms / 1000:g} s"))
    age_ms = round((asked_at - answer.as_of).total_seconds() * 1000)
    since = f"Fresh from the shop in {ms} ms" if age_ms <= 0 else f"Fresh from the shop, asked {age_ms} ms ago"
    if before is None or answer.price is None:
        change = ""
    elif before == answer.price:
        change = ", as before"
    else:
        change = f", was {money(before)}"
    stock = ""
    if answer.availability not in (None, Availability.IN_STOCK):
        stock = f" {AVAILABILITY[answer.availability][0]}."
    return Outcome("good", f"{since}: {money(answer.price)}{change}.{stock}")
