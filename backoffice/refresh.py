"""What came of asking a shop for its price, in words for the person who asked."""

from dataclasses import dataclass

from flask_babel import gettext, lazy_gettext, lazy_pgettext

from backoffice.formats import AVAILABILITY, duration, money, number
from backoffice.services.products import Refreshed
from listino.domain.offer import Availability
from listino.live.answer import Reason

_KEPT = lazy_gettext("Shown is the last known price.")
# After these there is no price to keep to.
_WITHOUT_PRICE = (Reason.NO_SHOP, Reason.GONE)

# Tone and words for each reason; %(wait)s is how long we waited.
WORDS = {
    Reason.DEADLINE: (
        "warn",
        lazy_gettext("The shop had not answered after %(wait)s. It is still being asked: refresh again in a moment."),
    ),
    Reason.NO_SHOP: (
        "warn",
        lazy_gettext("There is no shop to ask: these goods come from a catalogue, or their shop was removed."),
    ),
    Reason.SHOP_SILENT: ("warn", lazy_gettext("The shop does not answer.")),
    Reason.SHOP_REFUSED: (
        "warn",
        lazy_gettext("The shop refused to answer (too many requests, or an error on its side)."),
    ),
    Reason.SHOP_BUSY: (
        "warn",
        lazy_gettext("The shop is asked as often as it allows already: refresh again in a moment."),
    ),
    Reason.SHOP_DOWN: (
        "warn",
        lazy_gettext("The shop has left several requests in a row unanswered; it is tried again every second."),
    ),
    Reason.UNREADABLE: ("bad", lazy_gettext("The shop answered, but its answer could not be read. Tell the operator.")),
    Reason.HELD: (
        "warn",
        lazy_gettext("The shop asks a price that is not plausible: it is held until the pricing manager has decided."),
    ),
    Reason.GONE: ("bad", lazy_gettext("The shop no longer has this product: do not promise it to anybody.")),
    Reason.FAILED: (
        "bad",
        lazy_gettext("Something broke on our side while asking. The operator finds it in the worker's log."),
    ),
    Reason.PARKED: (
        "bad",
        lazy_gettext(
            "Asking for this product broke our workers several times, so it is not asked for. Tell the operator."
        ),
    ),
    Reason.DROPPED: ("warn", lazy_gettext("There was too much to ask this shop. Refresh again.")),
    Reason.NO_QUEUE: ("bad", lazy_gettext("Nobody can be asked right now, because Redis is away. Tell the operator.")),
}

# The same where there is room for a word or two.
SHORT = {
    Reason.DEADLINE: lazy_pgettext("not fresh", "too late"),
    Reason.NO_SHOP: lazy_pgettext("not fresh", "no shop"),
    Reason.SHOP_SILENT: lazy_pgettext("not fresh", "no answer"),
    Reason.SHOP_REFUSED: lazy_pgettext("not fresh", "refused"),
    Reason.SHOP_BUSY: lazy_pgettext("not fresh", "no turn"),
    Reason.SHOP_DOWN: lazy_pgettext("not fresh", "shop down"),
    Reason.UNREADABLE: lazy_pgettext("not fresh", "unreadable"),
    Reason.HELD: lazy_pgettext("not fresh", "price held"),
    Reason.GONE: lazy_pgettext("not fresh", "gone"),
    Reason.FAILED: lazy_pgettext("not fresh", "our mistake"),
    Reason.PARKED: lazy_pgettext("not fresh", "parked"),
    Reason.DROPPED: lazy_pgettext("not fresh", "given up"),
    Reason.NO_QUEUE: lazy_pgettext("not fresh", "Redis away"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`tone` is good, warn or bad."""

    tone: str
    text: str


def outcome_of(asked: Refreshed) -> Outcome:
    """The outcome as the person who asked is told it."""
    answer, before = asked.answer, asked.before
    if answer.reason is not None:
        tone, words = WORDS[answer.reason]
        text = words % {"wait": duration(asked.wait_ms / 1000)} if answer.reason is Reason.DEADLINE else str(words)
        return Outcome(tone, text if answer.reason in _WITHOUT_PRICE else f"{text} {_KEPT}")
    price = money(answer.price)
    age_ms = round((asked.asked_at - answer.as_of).total_seconds() * 1000)
    if before is None or answer.price is None:
        text = f"{price}."
    elif before == answer.price:
        text = gettext("%(price)s, as before.", price=price)
    else:
        text = gettext("%(price)s, was %(before)s.", price=price, before=money(before))
    if age_ms <= 0:
        since = gettext("Fresh from the shop in %(ms)s ms:", ms=number(asked.ms))
    else:
        since = gettext("Fresh from the shop, asked %(ms)s ms ago:", ms=number(age_ms))
    stock = ""
    if answer.availability not in (None, Availability.IN_STOCK):
        stock = f" {AVAILABILITY[answer.availability][0]}."
    return Outcome("good", f"{since} {text}{stock}")
