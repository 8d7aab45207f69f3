"""A variant's options ("Colore: Rosso, Taglia: M") as a style and a size, whatever the shop's language calls them."""

from collections.abc import Iterable

# What makes a style is how the good looks; every other choice (a size, a weight, a format) is a size.
_LOOKS = frozenset(
    [
        "color",
        "colour",
        "colore",
        "couleur",
        "farbe",
        "fantasia",
        "pattern",
        "motif",
        "muster",
        "estampado",
        "finitura",
        "finish",
        "finition",
        "stile",
        "style",
    ]
)
_NO_CHOICE = frozenset({"default title", "default"})


def style_and_size(options: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The values of options that name a look, joined, and those of all others, joined. Absent ones are empty."""
    styles: list[str] = []
    sizes: list[str] = []
    for name, value in options:
        if value and value.casefold() not in _NO_CHOICE:
            (styles if name.strip().casefold() in _LOOKS else sizes).append(value)
    return " / ".join(styles), " / ".join(sizes)
