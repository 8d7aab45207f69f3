"""The microdata, RDFa Lite and meta elements of a page, from one look at its tree.

Items are nodes as JSON-LD has them: `@type` and properties; a property written more than once holds a list. An offer has
one property that schema.org lacks: `struckThrough`, the text that its markup strikes out.
https://html.spec.whatwg.org/multipage/microdata.html, https://www.w3.org/TR/rdfa-lite/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from listino.extract.addresses import absolute
from listino.extract.json_ld import Node

_MOST_MARKED = 20_000  # elements of one page that are read; real pages mark a few hundred
_MOST_NESTED = 32  # items in items; real pages have three or four
_MOST_TEXT = 4_000_000  # characters of a page's elements that are read as values, in all; nested ones count each time
# What forms and scripts of many shops are given to know a product by.
_DATA = tuple(
    f"data-{name}"
    for name in (
        "product-id",
        "productid",
        "product_id",
        "sku",
        "product-sku",
        "product_sku",
        "item-id",
        "product-code",
        "pid",
        "item-number",
    )
)
# One look for all of it: each takes a walk over the tree.
_MARKED = (
    ":is(h1,link[rel=canonical][href],meta[content],[itemscope],[itemprop],[typeof],[property],del,s,strike,"
    "input[type=hidden][value],button[value])"
)
_STRUCK_THROUGH = frozenset({"del", "s", "strike"})
_ADDRESSES = {
    "a": "href",
    "link": "href",
    "area": "href",
    "img": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
}
_Attributes = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class _Syntax:
    """How a syntax marks up items: the attribute of an item, of its type, of a property, of what the item is about."""

    scope: str
    type: str
    property: str
    identity: str


_MICRODATA = _Syntax("itemscope", "itemtype", "itemprop", "itemid")
_RDFA = _Syntax("typeof", "typeof", "property", "resource")


@dataclass(slots=True)
class _Scope:
    """An item in the making; `is_product`: it, or one around it, is a product."""

    node: Node
    depth: int
    is_product: bool


class Markup:
    """What the attributes of a page's elements say of its meaning; addresses in it are absolute."""

    def __init__(self, tree: LexborHTMLParser, url: str) -> None:
        self._tree = tree
        self._url = url
        self._text_left = _MOST_TEXT
        found = tree.css(_MARKED)
        self._elements = [(element, element.attributes) for element in found[:_MOST_MARKED]]

    def meta(self) -> dict[str, str]:
        """The contents of meta elements by their lower-case property or name, the first of each."""
        found: dict[str, str] = {}
        for element, attributes in self._elements:
            if element.tag == "meta":
                name, content = attributes.get("property") or attributes.get("name"), attributes.get("content")
                if name and content:
                    found.setdefault(name.lower(), content)
        return found

    def headings(self) -> list[LexborNode]:
        """The page's first-level headings in order."""
        return [element for element, _ in self._elements if element.tag == "h1"]

    def canonical(self) -> str | None:
        """The address that the page says is its own."""
        links = (attributes for element, attributes in self._elements if element.tag == "link")
        named = (own.get("href") for own in links if own.get("rel") == "canonical")
        return next((absolute(self._url, link) for link in named if link), None)

    def fields(self) -> Iterator[tuple[str, str]]:
        """Names and values of hidden fields and of buttons."""
        for element, attributes in self._elements:
            if element.tag in ("input", "button") and (name := attributes.get("name")):
                yield name, (attributes.get("value") or "").strip()

    def data(self) -> Iterator[tuple[str, str]]:
        """The attributes that shops keep a product's code in, and their values.

        A look of its own: so many names cost twice as much as all the rest, and few pages need them.
        """
        for element in self._tree.css(",".join(f"[{name}]" for name in _DATA))[:_MOST_MARKED]:
            attributes = element.attributes
            for name in _DATA:
                if value := attributes.get(name):
                    yield name, value.strip()

    def microdata(self) -> list[Node]:
        """Every top-level item; elements' own machine values come before their text."""
        return self._items(_MICRODATA)

    def rdfa(self) -> list[Node]:
        """Every top-level item in RDFa Lite, in the same shape; prefixes of types and properties (`schema:`) are left out."""
        return self._items(_RDFA)

    def _items(self, syntax: _Syntax) -> list[Node]:
        """The items that are no property of another one and stand in no product, with their properties in the page's order."""
        top: list[Node] = []
        scope, property_ = syntax.scope, syntax.property
        if not any(scope in attributes for _, attributes in self._elements):
            return top
        scopes: dict[int, _Scope | None] = {}
        for element, attributes in self._elements:
            names, is_scope = attributes.get(property_), scope in attributes
            if not (names or is_scope or element.tag in _STRUCK_THROUGH):
                continue
            outer = _scope_around(element, scopes)
            inner = None
            if is_scope:
                inner = scopes[element.mem_id] = _begun(attributes, syntax, outer)
                if not names and (outer is None or not outer.is_product):
                    top.append(inner.node)
            if outer is None or outer.depth > _MOST_NESTED:
                continue
            if names:
                value = self._value(element, attributes) if inner is None else inner.node
                for name in map(_bare, names.split()):
                    _add(outer.node, name, self._with_thumbnail(element, value) if name == "image" else value)
            elif not is_scope and outer.node.get("@type") == "Offer":
                _add(outer.node, "struckThrough", self._text(element))
        return top

    def _value(self, element: LexborNode, attributes: _Attributes) -> str:
        if (content := attributes.get("content")) is not None:
            return content
        tag = element.tag or ""
        if address := attributes.get(_ADDRESSES.get(tag, "")):
            return absolute(self._url, address)
        for machine in ("datetime", "value"):
            if tag in ("time", "data", "meter") and (value := attributes.get(machine)):
                return value
        return self._text(element)

    def _text(self, element: LexborNode) -> str:
        """Broken markup nests properties in one another thousands deep: there comes an end to reading the same text."""
        if self._text_left <= 0:
            return ""
        text = element.text()
        self._text_left -= len(text)
        return text.strip()

    def _with_thumbnail(self, element: LexborNode, value: Any) -> Any:
        """A linked picture as an ImageObject: the link leads to the photo, the picture in it is the thumbnail."""
        shown = element.css_first("img[src]") if element.tag == "a" else None
        if shown is None or not isinstance(value, str):
            return value
        return {"url": value, "thumbnailUrl": absolute(self._url, shown.attributes["src"] or "")}


def _begun(attributes: _Attributes, syntax: _Syntax, outer: _Scope | None) -> _Scope:
    node: Node = {}
    kind = (attributes.get(syntax.type) or "").split()
    if kind:
        node["@type"] = _bare(kind[0])
    if identity := attributes.get(syntax.identity):
        node["@id"] = identity
    in_product = node.get("@type") == "Product" or (outer is not None and outer.is_product)
    return _Scope(node, outer.depth + 1 if outer else 0, in_product)


def _scope_around(element: LexborNode, scopes: dict[int, _Scope | None]) -> _Scope | None:
    """The item that the element is in. `scopes` keeps that of each element passed, so that each step up is taken once."""
    passed: list[int] = []
    found = None
    above = element.parent
    while above is not None:
        known = above.mem_id
        if known in scopes:
            found = scopes[known]
            break
        passed.append(known)
        above = above.parent
    for known in passed:
        scopes[known] = found
    return found


def _bare(term: str) -> str:
    """`Product` of `https://schema.org/Product` and of `schema:Product`."""
    return term if term.isalnum() else term.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]


def _add(node: Node, name: str, value: Any) -> None:
    if name not in node:
        node[name] = value
    elif isinstance(node[name], list):
        node[name].append(value)
    else:
        node[name] = [node[name], value]
