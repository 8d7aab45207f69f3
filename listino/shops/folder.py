"""The shops folder as it is now, for processes that live longer than a declaration."""

from collections.abc import Callable
from pathlib import Path

from listino.domain.errors import InvalidShop
from listino.shops.declaration import Shops


class ShopsFolder:
    """Reads the declarations again whenever a file of theirs has changed; `told` hears of each broken one, then only."""

    def __init__(self, folder: Path, told: Callable[[InvalidShop], None] = lambda error: None) -> None:
        self._folder = folder
        self._told = told
        self._shops: Shops | None = None
        self._state: tuple[tuple[str, int], ...] = ()

    def now(self) -> Shops:
        """The shops as they are declared now, broken files left out; raises InvalidShop where there is no folder."""
        state = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(self._folder.glob("*.toml")))
        if self._shops is None or state != self._state:
            self._shops = Shops.load(self._folder, on_error=self._told)
            self._state = state
        return self._shops
