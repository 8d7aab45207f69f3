"""The declaration that a look at a shop leads to, as the text of a TOML file for somebody to complete."""

import json
from collections.abc import Iterator

from listino.shops.detection import Detected


def draft_of(found: Detected) -> str:
    """The text of a declaration; where nothing tells the shop's market, its line is left to be filled in."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Detected) -> Iterator[str]:
    yield f"# A draft by `listino shops detect {found.url}`. The platform is {found.platform}, because:"
    yield from (f"# - {_one_line(entry)}" for entry in found.evidence or ["nothing speaks for another one"])
    if found.warnings:
        yield "# Look into this first:"
        yield from (f"# - {_one_line(entry)}" for entry in found.warnings)
    yield ""
    yield "[shop]"
    yield f"name = {_text(found.name)}"
    yield f"market = {_text(found.market)}" if found.market else "# market ="
    yield f"platform = {_text(found.platform)}"
    yield f"url = {_text(found.url)}"
    if found.access_key or found.post:
        yield ""
        yield "[platform]"
        if found.access_key:
            yield f"access_key = {_text(found.access_key)}"
        if found.post:
            yield "post = true"
    yield ""
    yield "[shipping]"
    yield 'cost = "0.00"  # what the shop charges us for one delivery'
    if found.product:
        yield ""
        yield "[crawl]"
        yield f"product = {_text(found.product)}"


def _text(value: str) -> str:
    """A TOML string: JSON's are written alike."""
    return json.dumps(value, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())
