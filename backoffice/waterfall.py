"""The way of a live refresh as a small drawing: each leg a bar on one scale of milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask
from flask_babel import lazy_gettext

from listino.live.legs import Leg, Legs

MEANINGS = {
    "queued": lazy_gettext("waits for its shop"),
    "started": lazy_gettext("a worker takes it"),
    "asked": lazy_gettext("its turn at the shop comes"),
    "answered": lazy_gettext("the shop answers"),
    "stored": lazy_gettext("priced and stored"),
    "delivered": lazy_gettext("back with us"),
}
_LEAST_SHARE = 0.5  # of the scale, in percent: what takes no time is seen all the same


@dataclass(frozen=True, slots=True)
class Waterfall:
    """`legs` are in the order of the way; `joined` where somebody else's refresh was under way already."""

    legs: Sequence[Leg]
    joined: bool

    @property
    def total_ms(self) -> float:
        return max(leg.from_ms + leg.ms for leg in self.legs)

    @property
    def bars(self) -> list[tuple[Leg, float, float]]:
        """Each leg with where its bar begins, and its width, in percent of the whole."""
        scale = 100 / (self.total_ms or 1)
        return [
            (leg, min(leg.from_ms * scale, 100 - _LEAST_SHARE), max(leg.ms * scale, _LEAST_SHARE)) for leg in self.legs
        ]


def attach(app: Flask) -> None:
    """Makes the names of the legs known to the templates."""
    app.jinja_env.globals["LEGS"] = MEANINGS


def waterfall_of(legs: Legs | None) -> Waterfall | None:
    """None where no worker has told of its way."""
    gone = legs.waterfall() if legs is not None else []
    return Waterfall(gone, joined=legs is not None and legs.requested is None) if gone else None
