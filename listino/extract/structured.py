"""The structured data of a page as nodes of one shape, whether it was written as JSON-LD, as microdata or as RDFa Lite.

A node is a dict as JSON-LD has it: `@type` and properties; a property written more than once holds a list. An offer in
markup has one property that schema.org lacks: `struckThrough`, the text that its markup strikes out.
https://www.w3.org/TR/json-ld11/, https://html.spec.whatwg.org/multipage/microdata.html, https://www.w3.org/TR/rdfa-lite/
"""

import html
import re
from dataclasses import dataclass
from typing import Any

import orjson
from selectolax.lexbor import LexborHTMLParser, LexborNode

from listino.extract.addresses import absolute

Node = dict[str, Any]

_BLOCK = re.compile(
    r"<script\b[^>]*?\btype\s*=\s*[\"']?application/ld\+json[^>]*>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL
)
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>|;)\s*$"
)
_STRING_OR_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*+")|/\*.*?\*/|//[^\n]*', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+")|,\s*(?=[}\]])', re.DOTALL)
_MOST_NESTED = 32  # items in items; real pages have three or four
_CONTROL = re.compile(r"[\x00-\x1f]+")
_NOT_ESCAPED = re.compile(r'\\(?!["\\/bfnrtu])')  # `\'` and the like, which JavaScript allows and JSON does not


def json_ld(page: str) -> list[Node]:
    """Every top-level node of the page's JSON-LD blocks, `@graph` opened; a block that is no JSON even after mending is left out."""
    nodes: list[Node] = []
    for block in _BLOCK.findall(page):
        data = _load(block)
        for entry in data if isinstance(data, list) else [data]:
            if isinstance(entry, dict):
                graph = entry.get("@graph")
                nodes += [node for node in graph if isinstance(node, dict)] if isinstance(graph, list) else [entry]
    return nodes


def _load(block: str) -> Any:
    text = _WRAPPING.sub("", _WRAPPING.sub("", block)).strip()
    for mend in (_as_it_is, _tidied, html.unescape, _tidied_and_unescaped):
        try:
            return orjson.loads(mend(text))
        except orjson.JSONDecodeError:
            continue
    return None


def _as_it_is(text: str) -> str:
    return text


def _tidied(text: str) -> str:
    """Without comments, trailing commas, line breaks in strings, and JavaScript's escapes."""
    spaced = _NOT_ESCAPED.sub("", text)
    without_comments = _STRING_OR_COMMENT.sub(lambda found: found[1] or " ", spaced)
    return _CONTROL.sub(" ", _TRAILING_COMMA.sub(lambda found: found[1] or "", without_comments))


def _tidied_and_unescaped(text: str) -> str:
    return _tidied(html.unescape(text))


@dataclass(frozen=True, slots=True)
class _Syntax:
    """How a syntax marks up items: the attribute of an item, of its type, and of a property."""

    scope: str
    type: str
    property: str
    identity: str


_MICRODATA = _Syntax("itemscope", "itemtype", "itemprop", "itemid")
_RDFA = _Syntax("typeof", "typeof", "property", "resource")


def microdata(tree: LexborHTMLParser, url: str) -> list[Node]:
    """Every top-level item of the page; addresses in it are absolute, elements' own machine values come before their text."""
    return _items(tree, url, _MICRODATA)


def rdfa(tree: LexborHTMLParser, url: str) -> list[Node]:
    """Every top-level item in RDFa Lite, in the same shape; prefixes of types and properties (`schema:`) are left out."""
    return _items(tree, url, _RDFA)


def _items(tree: LexborHTMLParser, url: str, syntax: _Syntax) -> list[Node]:
    """The items that are no property of another one, each with its properties in the page's order."""
    scopes: dict[int, _Scope] = {}
    nearest: dict[int, _Scope | None] = {}
    top: list[Node] = []
    for element in tree.css(f":is([{syntax.scope}],[{syntax.property}],del,s,strike)")[:_MOST_MARKED]:
        attributes = element.attributes
        outer = _scope_around(element, scopes, nearest)
        names = [_bare(name) for name in (attributes.get(syntax.property) or "").split()]
        inner = None
        if syntax.scope in attributes:
            inner = _begun(attributes, syntax, outer)
            scopes[element.mem_id] = inner
            if not names and (outer is None or not outer.is_product):
                top.append(inner.node)
        if outer is None or outer.depth > _MOST_NESTED:
            continue
        if names:
            value = _value(element, url) if inner is None else inner.node
            for name in names:
                _add(outer.node, name, _with_thumbnail(element, value, url) if name == "image" else value)
        elif element.tag in _STRUCK_THROUGH and outer.node.get("@type") == "Offer":
            _add(outer.node, "struckThrough", element.text().strip())
    return top


_MOST_MARKED = 20_000  # elements of one page that are read; real pages mark a few hundred


@dataclass(slots=True)
class _Scope:
    """An item in the making; `is_product`: it, or one around it, is a product."""

    node: Node
    depth: int
    is_product: bool


def _begun(attributes: dict[str, str | None], syntax: _Syntax, outer: _Scope | None) -> _Scope:
    node: Node = {}
    kind = (attributes.get(syntax.type) or "").split()
    if kind:
        node["@type"] = _bare(kind[0])
    if identity := attributes.get(syntax.identity):
        node["@id"] = identity
    in_product = node.get("@type") == "Product" or (outer is not None and outer.is_product)
    return _Scope(node, outer.depth + 1 if outer else 0, in_product)


def _scope_around(element: LexborNode, scopes: dict[int, _Scope], nearest: dict[int, _Scope | None]) -> _Scope | None:
    """The item that the element is in. Each step up is taken once a page: broken markup nests thousands deep."""
    passed: list[int] = []
    found = None
    above = element.parent
    while above is not None:
        known = above.mem_id
        if known in scopes:
            found = scopes[known]
            break
        if known in nearest:
            found = nearest[known]
            break
        passed.append(known)
        above = above.parent
    for known in passed:
        nearest[known] = found
    return found


def _bare(term: str) -> str:
    """`Product` of `https://schema.org/Product` and of `schema:Product`."""
    return term.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]


def _add(node: Node, name: str, value: Any) -> None:
    if name not in node:
        node[name] = value
    elif isinstance(node[name], list):
        node[name].append(value)
    else:
        node[name] = [node[name], value]


_STRUCK_THROUGH = ("del", "s", "strike")


def _with_thumbnail(element: LexborNode, value: Any, url: str) -> Any:
    """A linked picture as an ImageObject: the link leads to the photo, the picture in it is the thumbnail."""
    shown = element.css_first("img[src]") if element.tag == "a" else None
    if shown is None or not isinstance(value, str):
        return value
    return {"url": value, "thumbnailUrl": absolute(url, shown.attributes["src"] or "")}


_ADDRESSES = {
    "a": "href",
    "link": "href",
    "area": "href",
    "img": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
}


def _value(element: LexborNode, url: str) -> str:
    attributes = element.attributes
    tag = element.tag or ""
    if attributes.get("content") is not None:
        return attributes["content"] or ""
    if tag in _ADDRESSES and attributes.get(_ADDRESSES[tag]):
        return absolute(url, attributes[_ADDRESSES[tag]] or "")
    for machine in ("datetime", "value"):
        if tag in ("time", "data", "meter") and attributes.get(machine):
            return attributes[machine] or ""
    return element.text().strip()
