"""What the domain says in English, said in the reader's language.

Doubts are told from their figures. What reaches us as a sentence alone (the steps of a price as they are stored, the
messages of errors) is known by its form; one that is not known is shown as it is.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from babel.numbers import format_decimal
from flask import Flask
from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from backoffice.formats import factor, money, percent
from backoffice.languages import locale
from listino.domain.audit import AuditEntry
from listino.domain.drift import PRODUCTS
from listino.domain.errors import ListinoError
from listino.domain.held import Doubt, DoubtKind, ReferenceSource
from listino.domain.money import Money

_REFERENCES: Final = {
    ReferenceSource.LAST: lazy_gettext("the %(reference)s that it cost before"),
    ReferenceSource.HISTORY: lazy_gettext("the %(reference)s that it mostly cost lately"),
    ReferenceSource.SIZES: lazy_gettext("the %(reference)s that its other sizes cost"),
    ReferenceSource.MARKET: lazy_gettext("the %(reference)s that other shops ask"),
}
_DOUBTS: Final = {
    DoubtKind.NOT_POSITIVE: lazy_gettext("%(read)s is no price, against %(compared)s"),
    DoubtKind.TIMES_100: lazy_gettext("%(read)s is about 100 times %(compared)s"),
    DoubtKind.TIMES_10: lazy_gettext("%(read)s is about 10 times %(compared)s"),
    DoubtKind.TENTH: lazy_gettext("%(read)s is about a tenth of %(compared)s"),
    DoubtKind.HUNDREDTH: lazy_gettext("%(read)s is about a hundredth of %(compared)s"),
}

_STEPS: Final = (
    (r"shop asks", lazy_gettext("Shop asks")),
    (r"with shipping", lazy_gettext("with shipping")),
    (r"net of (?P<percent>[\d.]+) % VAT", lazy_gettext("net of %(percent)s VAT")),
    (r"markup (?P<percent>[\d.]+) %", lazy_gettext("markup %(percent)s")),
    (r"least margin (?P<amount>[\d.]+)", lazy_gettext("least margin %(amount)s")),
    (r"with (?P<percent>[\d.]+) % VAT", lazy_gettext("with %(percent)s VAT")),
    (r"rounded up to \.(?P<ending>\d\d)", lazy_gettext("rounded up to .%(ending)s")),
)
_ERRORS: Final = (
    (r"no product (?P<id>\S+)", lazy_gettext("There is no product %(id)s.")),
    (r"no crawl (?P<id>\S+)", lazy_gettext("There is no crawl %(id)s.")),
    (r"no customer (?P<id>\S+)", lazy_gettext("There is no customer %(id)s.")),
    (r"a note has 1 to (?P<most>\d+) characters", lazy_gettext("A note has 1 to %(most)s characters.")),
    (
        r"a note is removed by who wrote it, or by a manager",
        lazy_gettext("A note is removed by who wrote it, or by a manager."),
    ),
    (
        r"what was typed is not who is to be erased",
        lazy_gettext("Nothing was erased: what was typed is not what is asked for."),
    ),
    (
        r"a reason has 1 to (?P<most>\d+) characters",
        lazy_gettext("Nothing was erased: say why, in %(most)s characters at most."),
    ),
    (
        r"unknown market '(?P<code>.*)': choose one of (?P<codes>.+)",
        lazy_gettext("There is no market %(code)s: choose one of %(codes)s."),
    ),
    (
        r"(?P<id>\S+): the shop has shown another price since, which is held now: look at that one",
        lazy_gettext("%(id)s: the shop has shown another price since, which is held now: look at that one."),
    ),
    (r"(?P<id>\S+): the shop no longer has it", lazy_gettext("%(id)s: the shop no longer has it.")),
    (
        r"(?P<id>\S+): the price was accepted already, by (?P<by>\S+)",
        lazy_gettext("%(id)s: the price was accepted already, by %(by)s."),
    ),
    (
        r"(?P<id>\S+): the price was rejected already, by (?P<by>\S+)",
        lazy_gettext("%(id)s: the price was rejected already, by %(by)s."),
    ),
    (
        r"(?P<id>\S+): the price was superseded already, by (?P<by>\S+)",
        lazy_gettext("%(id)s: the shop has shown a plausible price since."),
    ),
    (r"(?P<id>\S+): no price is held", lazy_gettext("%(id)s: no price is held.")),
    (
        r"(?P<id>\S+) was changed at this moment: look at it again",
        lazy_gettext("%(id)s was changed at this moment: look at it again."),
    ),
    (
        r"(?P<shop>\S+) is not declared, so nobody knows its markup: its prices can only be rejected",
        lazy_gettext("%(shop)s is not declared, so nobody knows its markup: its prices can only be rejected."),
    ),
    (
        r"(?P<words>.+): nothing can be sold at that, so it can only be rejected",
        lazy_gettext("Nothing can be sold at that price, so it can only be rejected."),
    ),
    (
        r"say which crawl, or which shop of which market, is to be decided on as a whole",
        lazy_gettext("Say which crawl, or which shop of which market, is to be decided on as a whole."),
    ),
    (
        r"these filters together leave too much to look through",
        lazy_gettext(
            "Each of these filters is quick by itself, but together they leave too many products to look at one by one."
        ),
    ),
    (r"the crawl (?P<id>\S+) is not at work", lazy_gettext("This crawl is not at work (any more).")),
    (
        r"the crawl of (?P<market>\S+) was not started: Redis, which holds the queue, is away",
        lazy_gettext("The crawl was not started: Redis, which holds the queue, is away. Tell the operator."),
    ),
    (
        r"nothing was changed: Redis, which holds the queues, is away",
        lazy_gettext("Nothing was changed: Redis, which holds the queues, is away."),
    ),
    (r"there is no job (?P<id>.*)", lazy_gettext("There is no such job (any more).")),
    (
        r"the job (?P<id>\S+) has not failed, or was put back already",
        lazy_gettext("This job has not failed, or was put back already."),
    ),
    (
        r"the job (?P<id>\S+) is at work, or over: it can be removed no more",
        lazy_gettext("This job is at work, or over: it can be removed no more."),
    ),
    (r"(?P<id>.*) is not parked", lazy_gettext("%(id)s is not parked (any more).")),
    (
        r"'(?P<typed>.*)' is no time of the day such as 00:15",
        lazy_gettext("%(typed)s is no time of the day: write it like 00:15."),
    ),
    (r"a crawl starts every .* hours, not .*", lazy_gettext("Choose one of the numbers of hours.")),
    (r"'(?P<typed>.*)' is no place in this list", lazy_gettext("This address is of no page of the list.")),
    (r"(?P<id>\S+) is not held from sale", lazy_gettext("%(id)s is not held from sale.")),
    (
        r"(?P<id>\S+) is held from sale already, by (?P<by>\S+)",
        lazy_gettext("%(id)s is held from sale already, by %(by)s."),
    ),
    (r"no field was changed", lazy_gettext("Change at least one field.")),
    (r"a product needs a name", lazy_gettext("A product needs a name.")),
    (r"(?P<field>\w+) has (?P<most>\d+) characters at most", lazy_gettext("At most %(most)s characters fit there.")),
    (
        r"'(?P<typed>.*)' is not a GTIN: .*",
        lazy_gettext("%(typed)s is no GTIN: it has 8, 12, 13 or 14 digits, of which the last one checks the others."),
    ),
    (
        r"say why: whoever looks at the product next will want to know",
        lazy_gettext("Say why: whoever looks at the product next will want to know."),
    ),
    (r"a reason has (?P<most>\d+) characters at most", lazy_gettext("At most %(most)s characters fit there.")),
    (
        r"'(?P<typed>.*)' is not a price such as \S+",
        lazy_gettext("%(typed)s is no price that can be understood: type 49.90."),
    ),
    (r"'(?P<typed>.*)' is not a time such as \S+", lazy_gettext("%(typed)s is no time that can be understood.")),
    (r"the first day is after the last", lazy_gettext("The first day is after the last.")),
    (r"'(?P<typed>.*)' is no action of the audit log", lazy_gettext("The audit log knows no action %(typed)s.")),
    (r"a password has (?P<least>\d+) characters or more", lazy_gettext("A password has %(least)s characters or more.")),
    (
        r"this password is guessed too easily: .*",
        lazy_gettext(
            "This password is guessed too easily: take three or four words that have nothing in common with each other."
        ),
    ),
    (r"the present password is not right", lazy_gettext("The present password is not right.")),
    (r"the new password is the present one", lazy_gettext("The new password is the same as the present one.")),
    (r"(?P<email>\S+) has an account already", lazy_gettext("%(email)s has an account already.")),
    (r"'(?P<email>.*)' has no account", lazy_gettext("%(email)s has no account.")),
    (
        r"nobody changes their own rights: another administrator has to do that",
        lazy_gettext(
            "Another administrator has to do that: nobody changes their own rights, so that there is always one left."
        ),
    ),
    (r"'(?P<typed>.*)' is not an e-mail address", lazy_gettext("%(typed)s is not an e-mail address.")),
    (r"'(?P<typed>.*)' is not a role: .*", lazy_gettext("There is no role %(typed)s.")),
    (
        r"a token has a name of (?P<most>\d+) characters at most",
        lazy_gettext("Say what the token is for, in %(most)s characters at most."),
    ),
    (r"a token has one or more of the scopes .*", lazy_gettext("Say what the token may do.")),
    (r"a token holds for 1 to (?P<most>\d+) days", lazy_gettext("A token holds for 1 to %(most)s days.")),
    (
        r"\S+ has (?P<most>\d+) tokens already: revoke one first",
        lazy_gettext("There are %(most)s tokens already: revoke one first."),
    ),
)

_TRIGGERS: Final = {
    "schedule": lazy_gettext("schedule"),
    "command line": lazy_gettext("command line"),
    "demo": lazy_gettext("demo"),
    "staff": lazy_gettext("staff"),
}
_FIELDS: Final = {
    PRODUCTS: lazy_gettext("Products"),
    "name": lazy_gettext("Name"),
    "price": lazy_gettext("Price"),
    "list_price": lazy_gettext("List price"),
    "availability": lazy_gettext("Availability"),
    "brand": lazy_gettext("Brand"),
    "category": lazy_gettext("Category"),
    "description": lazy_gettext("Description"),
    "photos": lazy_gettext("Photos"),
    "variants": lazy_gettext("Variants"),
    "gtin": "GTIN",
}


def attach(app: Flask) -> None:
    """Makes the sentences known to the templates."""
    app.jinja_env.filters.update(
        doubted=doubted, decided=decided, step=step, trigger=trigger, field_name=lambda name: _FIELDS.get(name, name)
    )


def said(error: ListinoError) -> str:
    """The error as a sentence."""
    text = str(error)
    return _known(_ERRORS, text) or f"{text}."


def step(label: str) -> str:
    """One step of a price's explanation."""
    return _known(_STEPS, label) or label


def doubted(doubt: Doubt) -> str:
    """Why a cost is not believed, as a sentence without a full stop."""
    read = money(doubt.read)
    if doubt.reference is None or doubt.source is None:
        return gettext("%(read)s is no price", read=read)
    compared = _REFERENCES[doubt.source] % {"reference": money(doubt.reference)}
    if doubt.kind is not DoubtKind.FAR:
        return _DOUBTS[doubt.kind] % {"read": read, "compared": compared}
    change = (Decimal(doubt.read.minor) / doubt.reference.minor - 1) * 100
    by = percent(abs(change), 0)
    if change > 0:
        return gettext("%(read)s is %(by)s above %(compared)s", read=read, by=by, compared=compared)
    return gettext("%(read)s is %(by)s below %(compared)s", read=read, by=by, compared=compared)


def decided(entry: AuditEntry) -> str:
    """The reading that a decision was on, beside what it was compared with."""
    read, reference = (_amount(entry.detail, name) for name in ("read", "reference"))
    if reference is None or read is None:
        return gettext("%(read)s read", read=money(read))
    if reference.minor <= 0 or read.minor <= 0:
        return gettext("%(read)s read, compared with %(reference)s", read=money(read), reference=money(reference))
    times = factor(Decimal(read.minor) / reference.minor)
    return gettext(
        "%(read)s read, compared with %(reference)s (%(times)s)",
        read=money(read),
        reference=money(reference),
        times=times,
    )


def trigger(started_by: str) -> str:
    """What or who started a crawl: `schedule`, `staff:anna@example.com`."""
    kind, colon, name = started_by.partition(":")
    return f"{_TRIGGERS.get(kind, kind)}{colon}{name}"


def _amount(detail: Mapping[str, Any], name: str) -> Money | None:
    minor = detail.get(name)
    return None if minor is None else Money(minor, detail["currency"])


def _known(forms: tuple[tuple[str, LazyString], ...], text: str) -> str | None:
    for form, words in forms:
        if found := re.fullmatch(form, text):
            parts = found.groupdict()
            if "percent" in parts:
                parts["percent"] = percent(Decimal(parts["percent"]), _places(parts["percent"]))
            if "amount" in parts:
                parts["amount"] = format_decimal(Decimal(parts["amount"]), "#,##0.00", locale=locale())
            return words % parts if parts else str(words)
    return None


def _places(digits: str) -> int:
    return len(digits.partition(".")[2])
