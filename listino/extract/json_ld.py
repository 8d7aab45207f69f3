"""The JSON-LD of a page as nodes: dicts of `@type` and properties. https://www.w3.org/TR/json-ld11/"""

import html
import re
from collections.abc import Iterator
from typing import Any

import orjson

Node = dict[str, Any]

_OPENING = re.compile(r"<script\b[^<>]*?\btype\s*=\s*[\"']?application/ld\+json[^<>]*>", re.IGNORECASE)
_CLOSING = re.compile(r"</script", re.IGNORECASE)
_KIND = re.compile(r"\+[jJ][sS][oO][nN]")
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>|;)\s*$"
)
# What is not closed goes on to the end, so that no character is looked at twice.
_STRING = r'("(?:[^"\\]|\\.)*+(?:"|\Z))'
_STRING_OR_COMMENT = re.compile(_STRING + r"|/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
_TRAILING_COMMA = re.compile(_STRING + r"|,\s*(?=[}\]])", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]+")
_NOT_ESCAPED = re.compile(r'\\(?!["\\/bfnrtu])')  # `\'` and the like, which JavaScript allows and JSON does not


def json_ld(page: str) -> list[Node]:
    """Every top-level node of the page's JSON-LD blocks, `@graph` opened; a block that is no JSON even after mending is left out."""
    nodes: list[Node] = []
    for block in _blocks(page):
        data = _load(block)
        for entry in data if isinstance(data, list) else [data]:
            if isinstance(entry, dict):
                graph = entry.get("@graph")
                nodes += [node for node in graph if isinstance(node, dict)] if isinstance(graph, list) else [entry]
    return nodes


def _blocks(page: str) -> Iterator[str]:
    """The texts of the script elements; found by the rarest letters of their type, for pages have megabytes around them."""
    end = 0
    for kind in _KIND.finditer(page):
        begin = page.rfind("<", max(end, kind.start() - _LONGEST_TAG), kind.start())
        opening = _OPENING.match(page, begin, kind.end() + _LONGEST_TAG) if begin >= 0 else None
        if opening is None:
            continue
        closing = _CLOSING.search(page, opening.end())
        if closing is None:
            return
        end = closing.end()
        yield page[opening.end() : closing.start()]


_LONGEST_TAG = 1000  # characters before the type of a script, and behind it


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
