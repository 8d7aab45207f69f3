"""The structured data of a page as nodes of one shape, whether it was written as JSON-LD or as microdata.

A node is a dict as JSON-LD has it: `@type` and properties; a property written more than once holds a list. An offer in
microdata has one property that schema.org lacks: `struckThrough`, the text that its markup strikes out.
"""

import html
import re
from typing import Any

import orjson
from selectolax.lexbor import LexborHTMLParser, LexborNode

from listino.extract.addresses import absolute

Node = dict[str, Any]

_BLOCK = re.compile(
    r"<script\b[^>]*\btype\s*=\s*[\"']?application/ld\+json[^>]*>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL
)
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*$"
)
_TRAILING_COMMA = re.compile(r",\s*(?=[}\]])")
_MOST_NESTED = 32  # items in items; real pages have three or four
_CONTROL = re.compile(r"[\x00-\x1f]+")


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
    text = _WRAPPING.sub("", block).strip()
    for mended in (text, _TRAILING_COMMA.sub("", _CONTROL.sub(" ", text)), html.unescape(text)):
        try:
            return orjson.loads(mended)
        except orjson.JSONDecodeError:
            continue
    return None


def microdata(tree: LexborHTMLParser, url: str) -> list[Node]:
    """Every top-level item of the page; addresses in it are absolute, elements' own machine values come before their text."""
    return [_item(node, url) for node in tree.css("[itemscope]:not([itemprop])") if not _inside_item(node)]


def _inside_item(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None:
        if "itemscope" in parent.attributes:
            return True
        parent = parent.parent
    return False


def _item(scope: LexborNode, url: str, depth: int = 0) -> Node:
    node: Node = {}
    kind = scope.attributes.get("itemtype")
    if kind:
        node["@type"] = kind.split()[0].rsplit("/", 1)[-1]
    if scope.attributes.get("itemid"):
        node["@id"] = scope.attributes["itemid"]
    if depth < _MOST_NESTED:
        _collect(scope, node, url, depth)
    return node


def _collect(scope: LexborNode, node: Node, url: str, depth: int) -> None:
    """Adds the properties below the scope in the page's order. Without recursion: broken markup nests thousands deep."""
    waiting = [scope.child]
    while waiting:
        child = waiting.pop()
        if child is None:
            continue
        waiting.append(child.next)
        attributes = child.attributes if child.is_element_node else {}
        names = (attributes.get("itemprop") or "").split()
        is_scope = "itemscope" in attributes
        if names:
            value = _item(child, url, depth + 1) if is_scope else _value(child, url)
            for name in names:
                _add(node, name, _with_thumbnail(child, value, url) if name == "image" else value)
        elif child.tag in _STRUCK_THROUGH and node.get("@type") == "Offer":
            _add(node, "struckThrough", child.text().strip())
        if not is_scope and child.is_element_node:
            waiting.append(child.child)


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
