"""The product in a page's application state: objects in scripts that the page's own code draws it from.

Not the whole state is read, which may be a megabyte: only the object around the product's name or code, wherever that
stands in quotes. It may be JSON (`<script type="application/json">`) or JavaScript (`window.product = {...}`,
`dataLayer.push({...})`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from listino.domain.offer import Availability
from listino.extract.amounts import read_amount
from listino.extract.schema_org import availability_of

_MOST_PLACES = 4  # where the name stands; the first are the likeliest
_MOST_READ = 200_000  # characters of a page that are looked at in all
_STEP = 200  # what one step costs besides, in characters
_MOST_LEVELS = 3  # objects in objects around it
_FAR = 20_000  # characters before a place in which its object begins
_LONGEST = 40_000  # characters of an object
_LONG_NUMBER = re.compile(r"\d{5,}")
_MOST_CODES = 2
_QUOTES = "\"'"
# A string that is not closed goes on to the end, so that no character is looked at twice.
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|'(?:[^'\\]|\\.)*+(?:'|\Z)|[{}]", re.DOTALL)
# Strings of both kinds, and keys without quotes.
_SCRIPT = re.compile(
    r"(\"(?:[^\"\\]|\\.)*+(?:\"|\Z))|'((?:[^'\\]|\\.)*+)(?:'|\Z)|([{,]\s*)([A-Za-z_$][\w$]*)(?=\s*:)|,(?=\s*[}\]])",
    re.DOTALL,
)
_MARKS = re.compile(r"[^a-z]")
_Object = dict[str, Any]

# Names of properties in lower case without marks, the most telling first.
_PRICES = (
    "saleprice", "specialprice", "currentprice", "finalprice", "sellingprice", "discountedprice", "offerprice", "promoprice",
    "actualprice", "pricewithtax", "priceincltax", "grossprice", "prices", "price", "priceamount", "lowprice",
)  # fmt: skip
_AMOUNTS = (
    *_PRICES,
    "sale",
    "current",
    "final",
    "now",
    "value",
    "amount",
    "raw",
    "min",
    "minimum",
    "formatted",
    "regular",
)
_CENTS = ("centamount", "priceincents", "pricecents", "amountincents", "valueincents")
_CURRENCIES = ("currency", "currencycode", "pricecurrency", "currencyiso", "isocode")
_CODES = ("sku", "productsku", "skucode", "itemnumber", "articlenumber", "productcode", "productnumber", "reference")
_STATES = ("availability", "stockstatus", "availabilitystatus", "inventorystatus")
_CAN_BE_HAD = ("instock", "isinstock", "available", "isavailable", "availableforsale", "isavailableforsale", "salable")
_CANNOT = ("soldout", "issoldout", "outofstock", "isoutofstock")
_NESTED = 3  # objects in a price's object


@dataclass(frozen=True, slots=True)
class Stated:
    """What the state says of the product; `may_be_minor`: the price is a whole number that may count cents."""

    price: Decimal | None = None
    currency: str | None = None
    sku: str | None = None
    availability: Availability = Availability.UNKNOWN
    may_be_minor: bool = False


def stated(html: str, names: list[str]) -> Stated | None:
    """The product's object among the page's scripts: the first with a price around one of the names (or codes).

    At most _MOST_READ characters are looked at around them, so that any page takes a few milliseconds.
    """
    scripts = _Scripts(html)
    for name in names:
        for at in _places(html, name):
            for found in scripts.objects_around(at):
                said = _read({_key(key): value for key, value in found.items()})
                if said.price is not None:
                    return said
    return None


def codes_in(url: str) -> list[str]:
    """The long numbers of an address, by which the state may name the product; the last is the likeliest."""
    return _LONG_NUMBER.findall(url)[: -_MOST_CODES - 1 : -1]


def _places(html: str, name: str) -> Iterator[int]:
    """Where the name is a whole string of a script, as JSON may write it, too; attributes (`alt="…"`) are none."""
    count = 0
    escaped = json.dumps(name)[1:-1]
    for written in dict.fromkeys((name, escaped, escaped.replace("/", "\\/"))):
        at = html.find(written)
        while at > 1 and count < _MOST_PLACES:
            behind = at + len(written)
            if html[at - 1] in _QUOTES and html[behind : behind + 1] == html[at - 1] and html[at - 2] != "=":
                count += 1
                yield at
            at = html.find(written, behind)


class _Scripts:
    """The page with its scripts, of which a bounded part is looked at."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._left = _MOST_READ

    def objects_around(self, at: int) -> Iterator[_Object]:
        """The objects that the place is in, the innermost first."""
        opening, levels = at, 0
        while levels < _MOST_LEVELS and self._left > 0:
            opening = self._html.rfind("{", max(0, at - _FAR), opening)
            if opening < 0:
                return
            end = self._end_of_object(opening)
            if end > at:
                levels += 1
                if (found := _loaded(self._html[opening:end])) is not None:
                    yield found

    def _end_of_object(self, opening: int) -> int:
        depth = 0
        last = opening
        for token in _TOKEN.finditer(self._html, opening, opening + _LONGEST):
            brace, last = token[0], token.end()
            if brace == "{":
                depth += 1
            elif brace == "}":
                depth -= 1
                if depth == 0:
                    break
        self._left -= last - opening + _STEP
        return last if depth == 0 else -1


def _key(name: object) -> str:
    return _MARKS.sub("", str(name).lower())


def _loaded(text: str) -> _Object | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            found = orjson.loads(_SCRIPT.sub(_as_json, text))
        except orjson.JSONDecodeError:
            return None
    return found if isinstance(found, dict) else None


def _as_json(match: re.Match[str]) -> str:
    double, single, before, key = match.groups()
    if double is not None:
        return str(double)
    if single is not None:
        return json.dumps(single.replace("\\'", "'"))
    return f'{before}"{key}"' if key is not None else ""


def _read(said: Mapping[str, Any]) -> Stated:
    price, may_be_minor = _price_of(said, _PRICES)
    code = next((str(said[name]) for name in _CODES if isinstance(said.get(name), (str, int)) and said[name]), None)
    return Stated(price, _currency_of(said), code, _availability_of(said), may_be_minor)


def _price_of(said: Mapping[str, Any], names: tuple[str, ...], depth: int = 0) -> tuple[Decimal | None, bool]:
    for name in _CENTS:
        if isinstance(value := said.get(name), int) and value > 0:
            return Decimal(value) / 100, False
    for name in names:
        value = said.get(name)
        if isinstance(value, dict) and depth < _NESTED:
            inner = {_key(key): entry for key, entry in value.items()}
            found, may_be_minor = _price_of(inner, _AMOUNTS, depth + 1)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found, may_be_minor = Decimal(str(value)), isinstance(value, int)
        elif isinstance(value, str):
            read = read_amount(value)
            found, may_be_minor = (None if read is None else read[0]), value.isdecimal()
        else:
            continue
        if found is not None and found > 0:
            return found, may_be_minor
    return None, False


def _currency_of(said: Mapping[str, Any]) -> str | None:
    for part in (said, *(value for value in said.values() if isinstance(value, dict))):
        for key, value in part.items():
            if isinstance(value, str) and len(value) == 3 and value.isupper() and _key(key) in _CURRENCIES:
                return value
    return None


def _availability_of(said: Mapping[str, Any]) -> Availability:
    for names, yes, no in (
        (_CAN_BE_HAD, Availability.IN_STOCK, Availability.OUT_OF_STOCK),
        (_CANNOT, Availability.OUT_OF_STOCK, Availability.IN_STOCK),
    ):
        for name in names:
            if isinstance(value := said.get(name), bool):
                return yes if value else no
    return availability_of([{"availability": said.get(name)} for name in _STATES])
