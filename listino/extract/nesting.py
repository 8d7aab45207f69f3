"""Pages nested thousands deep, by mistake or malice: parsing them would take time with the square of their depth."""

import re

MOST_TAGS = 30_000  # below it no nesting costs a second; large product pages have 20,000
_DEEPEST = 512  # browsers nest no deeper either
# Elements that hold others and are always closed.
_CONTAINER = re.compile(
    r"<(/?)(?:address|article|aside|blockquote|center|details|dialog|dir|div|dl|fieldset|figure|footer|form|header|main|menu|nav"
    r"|ol|pre|section|table|ul)\b[^<>]*>",
    re.IGNORECASE,
)


def _tags(html: str) -> int:
    """About how many tags the page has, by a sample of it: counting all would take a twentieth of the reading."""
    sampled = sum(html.count("<", at, at + _SAMPLE) for at in range(0, len(html), _EVERY))
    return sampled * (_EVERY // _SAMPLE if len(html) > _EVERY else 1)


_EVERY, _SAMPLE = 32_768, 4_096  # characters


def shallow(html: str) -> str:
    """The page, its containers below the deepest level left out if it has so many tags that it may be too deep."""
    if _tags(html) <= MOST_TAGS:
        return html
    depth = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[1]:
            depth = max(depth - 1, 0)
            return tag[0] if depth < _DEEPEST else ""
        depth += 1
        return tag[0] if depth <= _DEEPEST else ""

    return _CONTAINER.sub(kept, html)
