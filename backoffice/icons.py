"""Bootstrap's icons, drawn into the page: a handful of them weigh less than the sprite of all two thousand."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from markupsafe import Markup, escape

_SYMBOL = re.compile(
    r'<symbol class="[^"]*" viewBox="(?P<box>[\d ]+)" id="(?P<name>[a-z0-9-]+)">(?P<drawing>.*?)</symbol>', re.DOTALL
)


class Icons:
    """Icons by their Bootstrap name."""

    def __init__(self, drawings: Mapping[str, tuple[str, str]]) -> None:
        self._drawings = drawings

    @classmethod
    def from_package(cls) -> Self:
        """Those of the installed Bootstrap-Flask; raises FileNotFoundError where it has no sprite."""
        spec = find_spec("flask_bootstrap")
        if spec is None or spec.origin is None:
            raise FileNotFoundError("Bootstrap-Flask is not installed")
        sprite = Path(spec.origin).parent / "static/bootstrap5/icons/bootstrap-icons.svg"
        text = sprite.read_text(encoding="utf-8")
        return cls({found["name"]: (found["box"], found["drawing"]) for found in _SYMBOL.finditer(text)})

    def svg(self, name: str, *, label: str | None = None) -> Markup:
        """The icon in the colour and size of the text around it; decoration unless it has a label. Raises KeyError."""
        box, drawing = self._drawings[name]
        told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
        return Markup('<svg class="icon" viewBox="{}" fill="currentColor" {}>{}</svg>').format(
            escape(box),
            told,
            Markup(drawing),  # noqa: S704  # from the installed package, not from a request
        )
