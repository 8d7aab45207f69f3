"""The shops folder as it is now, for processes that live longer than a declaration."""

import time
from collections.abc import Callable
from pathlib import Path

from listino.domain.errors import InvalidShop
from listino.shops.declaration import Shops


class ShopsFolder:
    """Reads the declarations again whenever a file of theirs has changed; `told` hears of each broken one, then only.

    `look_seconds`: how long it is taken for granted that none has, for who asks hundreds of times a second.
    """

    def __init__(
        self, folder: Path, told: Callable[[InvalidShop], None] = lambda error: None, *, look_seconds: float = 0
    ) -> None:
        self._folder = folder
        self._told = told
        self._look_seconds = look_seconds
        self._looked = 0.0
        self._shops: Shops | None = None
        self._state: tuple[tuple[str, int], ...] = ()

    def now(self) -> Shops:
        """The shops as they are declared now, broken files left out; raises InvalidShop where there is no folder."""
        now = time.monotonic()
        if self._shops is not None and now < self._looked + self._look_seconds:
            return self._shops
        state = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(self._folder.glob("*.toml")))
        if self._shops is None or state != self._state:
            self._shops = Shops.load(self._folder, on_error=self._told)
            self._state = state
        self._looked = now
        return self._shops
