"""Amounts side by side, as bars. Lengths are shares of the width and letters have their own size, so that the same drawing can be
read on any screen: this is why pygal, which draws for one width, does not draw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

_ROW, _TEXT, _BAR = 44, 16, 14  # pixels: from bar to bar, down to the foot of the letters, and the height of a bar
_LONGEST: Final = 30  # letters of a name: with its figure they fit a phone
_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True)
class Bar:
    """`said` is the amount as it is written beside the bar."""

    name: str
    amount: int
    said: str


def bar_chart(bars: Sequence[Bar], *, told: str) -> Markup | None:
    """The bars in their order, the longest of them over the whole width; `told` says what they are to those who do not see them.
    None where there is nothing to draw."""
    most = max((bar.amount for bar in bars), default=0)
    if not most:
        return None
    rows = Markup("").join(_row(bar, place * _ROW, 100 * bar.amount / most) for place, bar in enumerate(bars))
    height = len(bars) * _ROW - (_ROW - _TEXT - 6 - _BAR)
    return Markup('<svg class="bars" role="img" aria-label="{}" height="{}">{}</svg>').format(told, height, rows)


def _row(bar: Bar, top: int, percent: float) -> Markup:
    return Markup(
        '<text class="bar-name" x="0" y="{words}">{name}</text>'
        '<text class="bar-said" x="100%" y="{words}" text-anchor="end">{said}</text>'
        '<rect class="bar-rail" y="{bar}" width="100%" height="{high}" rx="3"/>'
        '<rect class="bar-fill" y="{bar}" width="{percent}%" height="{high}" rx="3"/>'
    ).format(
        words=top + _TEXT,
        name=_shortened(bar.name),
        said=bar.said,
        bar=top + _TEXT + 6,
        high=_BAR,
        percent=f"{percent:.2f}",
    )


def _shortened(name: str) -> str:
    """Without its middle where it is long: paths of pages differ at their ends."""
    if len(name) <= _LONGEST:
        return name
    end = _LONGEST * 2 // 3
    return f"{name[: _LONGEST - end - 1]}{_ELLIPSIS}{name[-end:]}"
