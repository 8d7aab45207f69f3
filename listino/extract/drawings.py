"""Pages without their drawings: nobody reads a price off an icon, and parsing them takes a tenth of the reading."""

_LONGEST = 20_000  # characters of one drawing that is left out
# What stands in no drawing: where one seems to hold it, its end is another one's.
_NOT_DRAWN = ("<script", "</script", "<div", "<foreignObject", "</div", "<p>")


def without_drawings(html: str) -> str:
    """The page without each `<svg>` that ends before another one begins; all else stays as it is."""
    first, *rest = html.split("<svg")
    if not rest:
        return html
    kept = [first]
    for piece in rest:
        end = piece.find("</svg>", 0, _LONGEST)
        drawing = piece[:end]
        if end < 0 or any(mark in drawing for mark in _NOT_DRAWN):
            kept.append(f"<svg{piece}")
        else:
            kept.append(piece[end + len("</svg>") :])
    return "".join(kept)
