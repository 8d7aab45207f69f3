"""A product page as a visitor reads it: its texts in order, and for each that matters where on the page it stands.

One walk over the tree. Only texts that may matter (an amount, a code's label, a word of stock) are given their place, for
a page has thousands of elements and a dozen that count.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from listino.extract import naming
from listino.extract.amounts import Amount, read_amounts
from listino.extract.naming import meaning_of
from listino.extract.schema_org import gtin_of
from listino.extract.text import plain
from listino.extract.vocabulary import TELLING, Label, beside, buy, in_stock, label_of, may_hold, sold_out

_UNSEEN = ["script", "style", "noscript", "template", "svg", "iframe", "select", "textarea", "object"]
_STRUCK = frozenset({"del", "s", "strike"})
# Parts of a page that are not about its product; a part that holds the heading is none of them.
_ASIDE = naming.OTHERS | naming.CART | naming.FRAME | naming.REVIEW
_INHERITED = _ASIDE | naming.HIDDEN | naming.FEES | naming.INSTALMENT
_TAGS = {"nav": naming.FRAME, "footer": naming.FRAME, "aside": naming.OTHERS, "header": naming.FRAME}
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_LINE_THROUGH = re.compile(r"line-through", re.IGNORECASE)
_BARE = re.compile(r"[\d\s.,'’()+-]+")  # a number without a currency
_DIGIT = re.compile(r"\d")
_SHORT = 80  # characters of a text that may be a phrase of stock or of buying
_LONGEST = 300  # characters of a text in which an amount is looked for; longer ones are stories
_SPLIT_PRICE = 40  # characters of the elements that together are one price
MOST_AMOUNTS = 400  # of one page; a listing of thousands is no product page


class Place(NamedTuple):
    """Where an element stands. `own`, `near` (with its two parents) and `around` (all above it) are bits of `naming`."""

    own: int
    parent: int
    near: int
    around: int
    depth: int
    linked: bool


class Shown(NamedTuple):
    """An amount that the page shows. `order` counts elements and texts; `says`: what the words beside it mean."""

    amount: Amount
    order: int
    place: Place
    says: int
    length: int  # characters of the text it stands in


class Labelled(NamedTuple):
    """A value with the label before it: a code or a brand."""

    kind: str
    value: str
    order: int
    place: Place


@dataclass(slots=True)
class Layout:
    """What the visible page holds."""

    heading: str | None = None
    heading_order: int | None = None
    amounts: list[Shown] = field(default_factory=list)
    labelled: list[Labelled] = field(default_factory=list)
    sold_out: list[tuple[int, Place]] = field(default_factory=list)
    in_stock: list[tuple[int, Place]] = field(default_factory=list)
    buttons: list[tuple[int, Place]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def brand(self) -> str | None:
        """The first value under a brand's label that is about this product."""
        return self._first(Label.BRAND)

    @property
    def gtin(self) -> str | None:
        """The first code under a GTIN's label whose check digit is right."""
        return gtin_of({"gtin": [entry.value for entry in self.labelled if entry.kind == Label.GTIN]})

    def _first(self, kind: str) -> str | None:
        own = (entry for entry in self.labelled if entry.kind == kind and not entry.place.around & _ASIDE)
        return next((entry.value for entry in own), None)


def read_layout(tree: LexborHTMLParser, *, names: list[str], language: str | None) -> Layout:
    """Reads the visible page; `names`: what the product is called elsewhere on it, to tell its heading from others.

    Takes out of the tree what a visitor does not see.
    """
    tree.strip_tags(_UNSEEN)
    return _Reader(tree, names, language).read()


class _Reader:
    def __init__(self, tree: LexborHTMLParser, names: list[str], language: str | None) -> None:
        self._body = tree.body
        self._names = [name.casefold() for name in names if name]
        self._language = language
        self._places: dict[int, Place] = {}
        self._heads: set[int] = set()
        self._joined: set[int] = set()
        self.layout = Layout()

    def read(self) -> Layout:
        if self._body is None:
            return self.layout
        texts: list[tuple[int, str, LexborNode]] = []
        headings: list[tuple[int, LexborNode]] = []
        order = 0
        for node in self._body.traverse(include_text=True):
            order += 1
            tag = node.tag
            if tag == "-text":
                text = (node.text_content or "").strip()
                if text:
                    texts.append((order, text, node))
            elif tag == "h1":
                headings.append((order, node))
        self.layout.texts = [text for _, text, _ in texts]
        self._choose_heading(headings, texts)
        self._read_texts(self._about_the_product(texts))
        return self.layout

    def _about_the_product(self, texts: list[tuple[int, str, LexborNode]]) -> list[tuple[int, str, LexborNode]]:
        """The texts around the heading; all of them where there is none."""
        heading = self.layout.heading_order
        if heading is None:
            return texts
        first = bisect_left(texts, heading - _BEFORE, key=_order_of)
        return texts[first : bisect_left(texts, heading + _AFTER, key=_order_of)]

    def _choose_heading(self, headings: list[tuple[int, LexborNode]], texts: list[tuple[int, str, LexborNode]]) -> None:
        best: tuple[float, int, LexborNode | None, str] = (-1.0, 0, None, "")
        for order, node in headings[:20]:
            text = plain(node.text()) or ""
            if text:
                likeness = max((_likeness(text.casefold(), name) for name in self._names), default=0.5)
                if likeness > best[0]:
                    best = (likeness, order, node, text)
        if best[0] < _LIKE and self._names:
            for order, text, node in texts:
                if _HEADING_LENGTHS[0] < len(text) < _HEADING_LENGTHS[1] and text.casefold() in self._names:
                    best = (1.0, order, node, plain(text) or "")
                    break
        _, order, chosen, text = best
        if chosen is None:
            return
        self.layout.heading, self.layout.heading_order = text, order
        above = chosen.parent
        while above is not None:
            self._heads.add(above.mem_id)
            above = above.parent

    def _place(self, node: LexborNode) -> Place:
        """Where the element stands. Without recursion: broken markup nests thousands deep."""
        missing: list[LexborNode] = []
        place: Place | None = None
        above: LexborNode | None = node
        while above is not None and (place := self._places.get(above.mem_id)) is None:
            missing.append(above)
            above = above.parent
        for entry in reversed(missing):
            place = self._below(place, entry)
            self._places[entry.mem_id] = place
        assert place is not None  # noqa: S101  # a node has itself above it
        return place

    def _below(self, parent: Place | None, node: LexborNode) -> Place:
        tag = node.tag or ""
        if parent is None or tag in ("html", "body", "main"):
            return _PAGE
        attributes = node.attributes
        own = meaning_of(f"{attributes.get('class') or ''} {attributes.get('id') or ''}") | _TAGS.get(tag, 0)
        style = attributes.get("style")
        if "hidden" in attributes or (style and _INVISIBLE.search(style)):
            own |= naming.HIDDEN
        if tag in _STRUCK or (style and _LINE_THROUGH.search(style)):
            own |= naming.OLD
        if attributes.get("itemprop") == "price":
            own |= naming.PRICE
        handed = own & _INHERITED
        if node.mem_id in self._heads:
            handed &= naming.HIDDEN
        return Place(
            own=own,
            parent=parent.own,
            near=own | parent.own | parent.parent,
            around=parent.around | handed,
            depth=parent.depth + 1,
            linked=parent.linked or (tag == "a" and bool(attributes.get("href", "").strip("#"))),
        )

    def _read_texts(self, texts: list[tuple[int, str, LexborNode]]) -> None:
        label, before = None, ""
        for index, (order, text, node) in enumerate(texts):
            length = len(text)
            if label is not None:
                if value := _value_of(label, text):
                    self._add_labelled(label, value, order, node)
                    label = None
                elif any(char.isalnum() for char in text):
                    label = None
            if length <= _SHORT:
                lowered = text.lower()
                if may_hold(TELLING, lowered):
                    self._read_phrase(lowered, order, node)
                found = label_of(text)
                if found is not None:
                    label = found
            if length <= _LONGEST and _DIGIT.search(text):
                self._read_inline_label(text, order, node)
                behind = texts[index + 1][1] if index + 1 < len(texts) else ""
                self._read_amounts(text, before, behind, order, node)
            before = text

    def _read_phrase(self, text: str, order: int, node: LexborNode) -> None:
        if sold_out.find(text):
            self.layout.sold_out.append((order, self._place_of_text(node)))
        elif buy.find(text):
            self.layout.buttons.append((order, self._place_of_text(node)))
        elif in_stock.find(text):
            self.layout.in_stock.append((order, self._place_of_text(node)))

    def _place_of_text(self, node: LexborNode) -> Place:
        parent = node.parent
        return self._place(parent) if parent is not None else _PAGE

    def _add_labelled(self, kind: str, value: str, order: int, node: LexborNode) -> None:
        self.layout.labelled.append(Labelled(kind, value, order, self._place_of_text(node)))

    def _read_inline_label(self, text: str, order: int, node: LexborNode) -> None:
        """`Item number: 123`, `Produkta kods 520501927`, `(SKU: 12)`."""
        match = _INLINE.match(text)
        if match is not None and (kind := label_of(match[1])) is not None and (value := _value_of(kind, match[2])):
            self._add_labelled(kind, value, order, node)

    def _read_amounts(self, text: str, before: str, behind: str, order: int, node: LexborNode) -> None:
        if len(self.layout.amounts) >= MOST_AMOUNTS or (parent := node.parent) is None:
            return
        amounts = [] if _BARE.fullmatch(text) else read_amounts(text, language=self._language)
        if all(amount.currency is None for amount in amounts):
            near_sign = _is_sign(before) or _is_sign(behind)
            if len(text) <= _SPLIT_PRICE and (near_sign or self._place(parent).near & naming.PRICE):
                self._read_split_price(parent, before, order)
            return
        place = self._place(parent)
        for amount in amounts:
            if amount.currency is None:
                continue
            says = beside(f"{text[max(0, amount.start - 30) : amount.start]}".lower()) | beside(
                text[amount.end : amount.end + 16].lower()
            )
            if amount.start <= _NEAR:
                says |= beside(before[-40:].lower())
            self.layout.amounts.append(Shown(amount, order, place, says, len(text)))

    def _read_split_price(self, element: LexborNode, before: str, order: int) -> None:
        """An amount without a currency: a price over several elements, `<b>19</b><sup>99</sup> <i>€</i>`, or just a number."""
        chosen, amounts, above, text = element, [], element, ""
        for _ in range(4):
            joined = _joined_text(above)
            if joined is None:
                break
            amounts = read_amounts(joined, language=self._language)
            chosen, text = above, joined
            if any(amount.currency is not None for amount in amounts) or above.parent is None:
                break
            above = above.parent
        if not amounts or chosen.mem_id in self._joined:
            return
        self._joined.add(chosen.mem_id)
        place = self._place(element)
        for amount in amounts:
            says = beside(before[-40:].lower()) | beside(text[amount.end : amount.end + 16].lower())
            self.layout.amounts.append(Shown(amount, order, place, says, len(text)))


def _order_of(entry: tuple[int, str, LexborNode]) -> int:
    return entry[0]


_PAGE = Place(own=0, parent=0, near=0, around=0, depth=0, linked=False)
_BEFORE, _AFTER = 400, 4000  # elements and texts around the heading that may be about its product
_NEAR = 3
_LIKE = 0.3
_HEADING_LENGTHS = (3, 300)
_INLINE = re.compile(r"^[\s(\[|·•*]*([^\d:：#]{2,32}?[^\d:：#\s])\s*(?:[:：#№]+|\s)\s*(\S.{0,60})$", re.DOTALL)
_CODE = re.compile(r"[A-Za-z0-9](?:[\w.\-/+]{0,38}[A-Za-z0-9])?")


def _value_of(kind: str, text: str) -> str | None:
    """The value that follows a label of that kind; None for what can be none."""
    text = text.strip(" \t\n\r\xa0:：#№()[]|.,;")
    if kind == Label.BRAND:
        return plain(text) if 1 < len(text) <= _LONGEST_BRAND and not text.isdecimal() else None
    match = _CODE.match(text)
    if match is None:
        return None
    code = match[0]
    rest = text[match.end() :]
    if rest and not rest[0].isspace() and rest[0] not in ",;)(|":
        return None
    if rest.strip() and not any(char.isdigit() for char in code):
        return None
    if not any(char.isdigit() for char in code) and not (code.isupper() and len(code) > 2):
        return None
    return code


_LONGEST_BRAND = 40


def _likeness(text: str, other: str) -> float:
    """The share of words that two names have in common: 0 to 1."""
    if text == other:
        return 1.0
    mine, theirs = set(text.split()), set(other.split())
    return len(mine & theirs) / max(len(mine | theirs), 1)


def _is_sign(text: str) -> bool:
    """Whether the text may be a currency's sign and nothing else."""
    return len(text) <= _LONGEST_SIGN and not text.isdecimal()


_LONGEST_SIGN = 4


def _joined_text(element: LexborNode) -> str | None:
    """The text of a small element as one line, cents set off where they stand in an element of their own; None for a large one."""
    pieces: list[str] = []
    length = 0
    for piece in _pieces(element):
        length += len(piece)
        if length > _SPLIT_PRICE:
            return None
        if pieces and piece[0].isdigit() and pieces[-1][-1].isdigit():
            pieces.append("," if len(piece) == _CENTS and piece.isdecimal() else " | ")
        pieces.append(piece)
    return "".join(pieces)


_CENTS = 2


def _pieces(element: LexborNode) -> Iterator[str]:
    for count, node in enumerate(element.traverse(include_text=True)):
        if count > _SPLIT_PRICE:
            yield " " * _SPLIT_PRICE
            return
        if node.tag == "-text":
            text = (node.text_content or "").strip()
            if text:
                yield text
