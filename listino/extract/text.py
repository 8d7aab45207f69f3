"""Bytes to text, and markup to plain words."""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import html_to_unicode

_BLOCK = re.compile(r"<\s*/?\s*(?:p|div|li|ul|ol|br|h[1-6]|tr|td|th|table|dd|dt|section)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|article|b|blockquote|br|dd|div|dl|dt|em|figure|font|h[1-6]|hr|i|img|li|ol|p|picture|section|script|small|span"
    r"|strong|style|sub|sup|table|tbody|td|th|thead|tr|u|ul)\b[^<>]*>",
    re.IGNORECASE,
)


def decode_page(body: bytes, content_type: str | None) -> str:
    """The text of an HTML page by its byte order mark, Content-Type, meta element, or the look of its bytes, in that order."""
    return html_to_unicode(content_type, body, default_encoding="utf-8", auto_detect_fun=_guess)[1]


def _guess(body: bytes) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def plain(text: str | None) -> str | None:
    """The text with every run of white space (NBSP too) folded to one space; None for nothing."""
    return " ".join(text.split()) or None if text else None


def plain_from_html(markup: str | None) -> str | None:
    """The words of a piece of HTML; blocks are kept apart by a space, inline markup leaves no trace.

    Shops write plain text where HTML is allowed: only the tags of HTML are markup, `<limited>` is a word.
    """
    if not markup:
        return None
    if "<" not in markup or not _TAG.search(markup):
        return plain(unescape(markup))
    tree = LexborHTMLParser(_BLOCK.sub(" ", markup))
    tree.strip_tags(["script", "style"])
    root = tree.body
    return plain(root.text()) if root else None
