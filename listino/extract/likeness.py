"""How alike two names of a product are: shops write them a little differently in heading, title and markup."""

ALIKE = 0.3  # share of words in common that makes two texts names of one product
_SHORTEST = 4  # characters of a piece that two names share when they are of one product
_MOST = 300  # characters of a name that are compared


def likeness(text: str, other: str) -> float:
    """The share of words that two names have in common, 0 to 1; 1 where one begins with the other."""
    text, other = text.casefold(), other.casefold()
    if text.startswith(other) or other.startswith(text):
        return 1.0
    mine, theirs = set(text.split()), set(other.split())
    return len(mine & theirs) / max(len(mine | theirs), 1)


def share_a_piece(text: str, other: str) -> bool:
    """Whether any few characters in a row are in both: names that share none are of two products, in any script."""
    mine, theirs = _letters(text), _letters(other)
    length = min(_SHORTEST, len(mine), len(theirs))
    if length == 0 or not mine.isascii() or not theirs.isascii():
        length = min(length, 2)
    return any(mine[at : at + length] in theirs for at in range(len(mine) - length + 1))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text[:_MOST].casefold()))
