"""A declaration that cannot be used: which shop it seems to mean, as far as that can be told."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from listino.domain.errors import InvalidShop
from listino.domain.market import MARKETS

_SAID = r"""^\s*{key}\s*=\s*["']([^"'\n]+)["']"""


@dataclass(frozen=True, slots=True)
class BrokenDeclaration:
    """A file of the shops folder that was left out, and why. `market` is None where file and file name do not tell it."""

    path: Path
    error: InvalidShop
    market: str | None
    name: str

    @classmethod
    def of(cls, path: Path, error: InvalidShop) -> "BrokenDeclaration":
        """Goes by what the file says, mistakes and all, and then by its name `it-bottega.toml`."""
        said = _said(path)
        prefix, _, rest = path.stem.partition("-")
        named = (prefix, rest) if prefix in MARKETS and rest else (None, path.stem)
        market = said["market"] if said["market"] in MARKETS else named[0]
        return cls(path, error, market, said["name"] or named[1] or path.stem)

    def may_be(self, market: str, name: str | None = None) -> bool:
        """Whether it may have declared a shop of that market, or the shop of that name there."""
        names = (None, self.name, self.path.stem, self.path.stem.removeprefix(f"{market}-"))
        return self.market in (None, market) and name in names


def _said(path: Path) -> dict[str, str | None]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {"market": None, "name": None}
    try:
        shop = tomllib.loads(text).get("shop")
    except tomllib.TOMLDecodeError:
        found = {key: re.search(_SAID.format(key=key), text, re.MULTILINE) for key in ("market", "name")}
        return {key: match[1] if match else None for key, match in found.items()}
    table = shop if isinstance(shop, dict) else {}
    return {key: value if isinstance(value := table.get(key), str) else None for key in ("market", "name")}
