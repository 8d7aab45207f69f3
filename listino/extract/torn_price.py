"""Prices torn over several elements: `<b>19</b><sup>99</sup> <i>€</i>`."""

import re

from selectolax.lexbor import LexborNode

LONGEST = 40  # characters, and nodes, of the elements that together are one price
_CENTS = 2
_ENDS = "-–—"  # of an amount without cents: `49,-`
_HAS_CENTS = re.compile(r"[.,]\d{2}\Z")


def joined_text(element: LexborNode) -> str | None:
    """The text of a small element as one line, cents set off where they stand in an element of their own; None for a large one."""
    pieces: list[str] = []
    length = 0
    for count, node in enumerate(element.traverse(include_text=True)):
        if count > LONGEST:
            return None
        if node.tag != "-text" or not (piece := (node.text_content or "").strip()):
            continue
        length += len(piece)
        if length > LONGEST:
            return None
        if pieces and piece[0].isdigit() and pieces[-1][-1] in _ENDS:
            pieces.append(" | ")
        elif pieces and piece[0].isdigit() and pieces[-1][-1].isdigit():
            is_cents = len(piece) == _CENTS and piece.isdecimal() and not _HAS_CENTS.search(pieces[-1])
            pieces.append(" | " if not is_cents else "." if "," in pieces[-1] else ",")
        pieces.append(piece)
    return "".join(pieces)
