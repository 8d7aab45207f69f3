"""A product page as a visitor reads it: its texts in order, and for each that matters where on the page it stands.

One walk over the tree. Only texts that may matter (an amount, a code's label, a word of stock) are given their place, for
a page has thousands of elements and a dozen that count.
"""

import re
import sys
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from listino.extract import naming
from listino.extract.amounts import Amount, currency_of, read_amounts
from listino.extract.currencies import is_shared_sign
from listino.extract.labels import Label, label_of, labelled_value
from listino.extract.likeness import ALIKE, likeness
from listino.extract.places import ASIDE, PAGE, Place, Places
from listino.extract.schema_org import gtin_of
from listino.extract.talk import LONGEST_TALK, Talk, talk_of
from listino.extract.text import plain
from listino.extract.torn_price import LONGEST, joined_text
from listino.extract.vocabulary import before_amount, behind_amount

_CODE = frozenset({"script", "style"})
_DIGIT = re.compile(r"\d")
_BARE = re.compile(r"[\d\s.,'’()+-]+")  # a number without a currency
_UNIT = re.compile(r"[^\d\s.,'’()+\-|:*/]")  # a sign or a letter, which a currency has
_TOLD = 300  # characters of a text in which an amount is looked for; longer ones are stories
_DECIMAL_MARKS = frozenset({",", "."})
_LEVELS = 4  # of elements that are taken together to one price
_SIGN = 4  # characters of a text beside a number that may be its currency
_WORDS_BEFORE, _WORDS_BEHIND = 40, 24  # characters beside an amount that say what it is
_AT_THE_START = 3  # an amount so near its text's start goes with the text before
_PRICED = 1000  # elements and texts after the heading among which its price is looked for first
_BEFORE, _AFTER = 250, 2500  # elements and texts around the heading that may be about its product
_MOST_HEADINGS, _MOST_TEXTS = 20, 20_000
_HEADING = (3, 300)  # characters
MOST_AMOUNTS = 400  # of one page; a listing of thousands is no product page

_Text = tuple[int, str, LexborNode]


class Shown(NamedTuple):
    """An amount that the page shows. `order` counts elements and texts; `says`: what the words beside it mean."""

    amount: Amount
    order: int
    place: Place
    says: int
    length: int  # characters of the text it stands in


class Labelled(NamedTuple):
    """A value with the label before it: a code or a brand."""

    kind: Label
    value: str
    place: Place


@dataclass(slots=True)
class Layout:
    """What the visible page holds; orders count its elements and texts."""

    heading: str | None = None
    heading_order: int | None = None
    texts: list[str] = field(default_factory=list)
    amounts: list[Shown] = field(default_factory=list)
    labelled: list[Labelled] = field(default_factory=list)
    sold_out: list[tuple[int, Place]] = field(default_factory=list)
    in_stock: list[tuple[int, Place]] = field(default_factory=list)
    later: list[tuple[int, Place]] = field(default_factory=list)
    buttons: list[tuple[int, Place]] = field(default_factory=list)

    @property
    def brand(self) -> str | None:
        """The first value under a brand's label that is about this product."""
        return next((entry.value for entry in self._own(Label.BRAND)), None)

    @property
    def gtin(self) -> str | None:
        """The first code under a GTIN's label whose check digit is right."""
        return gtin_of({"gtin": [entry.value for entry in self._own(Label.GTIN)]})

    def _own(self, kind: Label) -> Iterator[Labelled]:
        return (entry for entry in self.labelled if entry.kind is kind and not entry.place.around & ASIDE)


def read_layout(
    tree: LexborHTMLParser, headings: list[LexborNode], *, names: list[str], language: str | None
) -> Layout:
    """Reads the visible page; `names`: what the product is called elsewhere on it, to tell its heading from the others."""
    body = tree.body
    return Layout() if body is None else _Reader(names, language).read(body, headings)


class _Reader:
    def __init__(self, names: list[str], language: str | None) -> None:
        self._names = [name.casefold() for name in names]
        self._written = frozenset(names)
        self._language = language
        self._places = Places()
        self._taken_together: set[int] = set()
        self.layout = Layout()

    def read(self, body: LexborNode, headings: list[LexborNode]) -> Layout:
        texts = self._walk(body, self._choose_heading(headings))
        if self.layout.heading_order is None:
            self._choose_text_as_heading(texts)
        self.layout.texts = [text for _, text, _ in texts]
        told = self._around_heading(texts, _BEFORE, _AFTER)
        self._read_words(told)
        # Most pages show their price near the heading; the others pay for a longer look.
        near = self._around_heading(texts, _BEFORE, _PRICED)
        self._read_amounts(near, aside=False)
        if len(near) < len(told) and not any(map(_is_plainly_price, self.layout.amounts)):
            self._read_amounts(told[len(near) :], aside=False)
        if not self.layout.amounts:
            self._read_amounts(told, aside=True)
        return self.layout

    def _choose_heading(self, headings: list[LexborNode]) -> int:
        """The heading that is most like the product's name elsewhere on the page; 0 where none is at all."""
        best, chosen = 0.0, 0
        for node in headings[:_MOST_HEADINGS]:
            text = plain(node.text()) or ""
            alike = max((likeness(text, name) for name in self._names), default=1.0)
            if text and alike > best and (alike >= ALIKE or len(headings) == 1):
                best, chosen, self.layout.heading = alike, node.mem_id, text
        return chosen

    def _walk(self, body: LexborNode, heading: int) -> list[_Text]:
        """The page's texts in order, to where other things than the product begin."""
        texts: list[_Text] = []
        after_code, last = False, sys.maxsize
        for order, node in enumerate(body.traverse(include_text=True)):
            if node.is_text_node:
                if after_code and (parent := node.parent) is not None and parent.tag in _CODE:
                    continue
                if text := (node.text_content or "").strip():
                    texts.append((order, text, node))
                    if not heading and text in self._written and len(text) > _HEADING[0]:
                        # Nobody calls it a heading, but it is the name.
                        heading, self.layout.heading = node.mem_id, text
                        self._set_heading(order, node)
                        last = order + _AFTER
            else:
                tag = node.tag
                after_code = tag in _CODE
                if tag == "h1" and node.mem_id == heading:
                    self._set_heading(order, node)
                    last = order + _AFTER
                elif order > last:
                    break
        return texts

    def _set_heading(self, order: int, node: LexborNode) -> None:
        self.layout.heading_order = order
        self._places.set_heading(node)

    def _choose_text_as_heading(self, texts: list[_Text]) -> None:
        """Pages without a heading, or with the shop's name in it, show the product's name as some text."""
        chosen: _Text | None = None
        for entry in texts:
            text = entry[1].casefold()
            if not _HEADING[0] < len(text) < _HEADING[1]:
                continue
            if text in self._names:
                chosen = entry
                break
            # A title says more than the name: "Shop: Copper pan, 24 cm".
            if (
                " " in text
                and (chosen is None or len(text) > len(chosen[1]))
                and any(text in name for name in self._names)
            ):
                chosen = entry
        if chosen is not None:
            order, self.layout.heading, node = chosen
            self._set_heading(order, node)

    def _around_heading(self, texts: list[_Text], before: int, after: int) -> list[_Text]:
        """The texts so many elements and texts before the heading and after it; all of them where there is none."""
        heading = self.layout.heading_order
        if heading is None:
            return texts[:_MOST_TEXTS]
        first = bisect_left(texts, heading - before, key=_order_of)
        return texts[first : bisect_left(texts, heading + after, key=_order_of)]

    def _read_words(self, texts: list[_Text]) -> None:
        """Codes and brands under their labels, words of stock, buy buttons."""
        spoken = {
            Talk.SOLD_OUT: self.layout.sold_out,
            Talk.LATER: self.layout.later,
            Talk.BUY: self.layout.buttons,
            Talk.IN_STOCK: self.layout.in_stock,
        }
        label: Label | None = None
        for order, text, node in texts:
            if label is not None and any(char.isalnum() for char in text):
                if value := labelled_value(label, text):
                    self.layout.labelled.append(Labelled(label, value, self._place_of_text(node)))
                label = None
            if len(text) > LONGEST_TALK or (words := talk_of(text)) is None:
                continue
            if words.of is not None:
                spoken[words.of].append((order, self._place_of_text(node)))
            if words.label is not None and words.value is not None:
                self.layout.labelled.append(Labelled(words.label, words.value, self._place_of_text(node)))
            elif words.label is not None:
                label = words.label

    def _place_of_text(self, node: LexborNode) -> Place:
        parent = node.parent
        return PAGE if parent is None else self._places.of(parent)

    def _read_amounts(self, texts: list[_Text], *, aside: bool) -> None:
        """The amounts of the product's own part of the page, or those of the parts that seem to be about other things."""
        last, priced = len(texts) - 1, -1
        for index, (order, text, node) in enumerate(texts):
            if len(text) > _TOLD or not _DIGIT.search(text) or (parent := node.parent) is None:
                continue
            if len(self.layout.amounts) >= MOST_AMOUNTS:
                return
            place = self._places.of(parent)
            if bool(place.around & ASIDE) is not aside:
                continue
            # Words that follow an amount are about that one.
            before = texts[index - 1][1] if index and index - 1 != priced else ""
            if before in _DECIMAL_MARKS:
                continue  # `899` `,` `10 €`: the cents of an amount that its first part leads to.
            amounts = [] if _BARE.fullmatch(text) else read_amounts(text, language=self._language)
            if any(amount.currency is not None for amount in amounts):
                since, priced = 0, index
                for amount in amounts:
                    if amount.currency is not None:
                        self._add(amount, text, before, order, place, since)
                    since = amount.end
            elif len(text) <= LONGEST:
                behind = texts[index + 1][1] if index < last else ""
                if (
                    place.near & naming.PRICE
                    or behind in _DECIMAL_MARKS
                    or self._is_sign(before)
                    or self._is_sign(behind)
                ) and not label_of(before):
                    self._read_split_price(parent, place, before, order)
                    priced = index

    def _read_split_price(self, element: LexborNode, place: Place, before: str, order: int) -> None:
        """A price over several elements, `<b>19</b><sup>99</sup> <i>€</i>`, or just a number in one that is called a price."""
        whole: LexborNode | None = element
        taken = None
        for _ in range(_LEVELS + 1):
            text = joined_text(whole) if whole is not None else None
            if whole is None or text is None:
                break
            amounts = read_amounts(text, language=self._language)
            # What holds another amount, too, is no longer one price.
            if taken is not None and len(amounts) != 1 and place.near & naming.PRICE:
                break
            taken = whole, text, amounts
            if _UNIT.search(text):
                break
            whole = whole.parent
        if taken is None or taken[0].mem_id in self._taken_together:
            return
        self._taken_together.add(taken[0].mem_id)
        for amount in taken[2]:
            self._add(amount, taken[1], before, order, place)

    def _is_sign(self, text: str) -> bool:
        return len(text) <= _SIGN and (is_shared_sign(text) or currency_of(text, language=self._language) is not None)

    def _add(self, amount: Amount, text: str, before: str, order: int, place: Place, since: int = 0) -> None:
        """Adds an amount with what the words around it say; those before `since` are about another one."""
        says = before_amount(text[max(since, amount.start - _WORDS_BEFORE) : amount.start].lower())
        says |= behind_amount(text[amount.end : amount.end + _WORDS_BEHIND].lower())
        if text[since : amount.start].rstrip()[-1:] == "(":
            says |= naming.UNIT  # What stands in brackets is said of the price: for a kilogramm, net, before.
        if amount.start <= _AT_THE_START:
            says |= before_amount(before[-_WORDS_BEFORE:].lower())
        self.layout.amounts.append(Shown(amount, order, place, says, len(text)))


def _is_plainly_price(shown: Shown) -> bool:
    """Whether an amount is called a price, in a currency, and nothing beside it says that it is another one."""
    named = shown.place.near & naming.PRICE and not shown.place.around & naming.OLD
    return bool(named) and shown.amount.currency is not None and not shown.says & ~naming.NOW


def _order_of(entry: _Text) -> int:
    return entry[0]
