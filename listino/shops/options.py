"""A variant's options ("Colore: Rosso, Taglia: M") as a style and a size, whatever the shop's language calls them."""

from collections.abc import Iterable

_SIZES = frozenset(
    [
        "size",
        "taglia",
        "misura",
        "formato",
        "numero",
        "taille",
        "pointure",
        "format",
        "größe",
        "groesse",
        "schuhgröße",
        "talla",
        "tamaño",
        "número",
        "formato",
    ]
)
_NO_CHOICE = frozenset({"default title", "default"})


def style_and_size(options: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The size is the value of the option named so; every other value, joined, is the style. Absent ones are empty."""
    styles: list[str] = []
    sizes: list[str] = []
    for name, value in options:
        if value and value.casefold() not in _NO_CHOICE:
            (sizes if name.strip().casefold() in _SIZES else styles).append(value)
    return " / ".join(styles), " / ".join(sizes)
