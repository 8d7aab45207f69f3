"""Shop declarations: one TOML file a shop, read and checked here. docs/add-a-shop.md shows one."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from listino.complaints import in_words, unknown_key
from listino.domain.errors import InvalidShop, ListinoError, UnknownShop
from listino.domain.market import market_of
from listino.shops.broken import BrokenDeclaration
from listino.shops.shop import Shop
from listino.shops.tables import Declaration


def load_shop(path: Path) -> Shop:
    """The shop a file declares; raises InvalidShop with the file, the key and what is wrong with it."""
    try:
        return Declaration.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).build()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidShop(f"{path}: {error}") from None
    except ValidationError as error:
        raise InvalidShop(f"{path}: {'; '.join(map(_complaint, error.errors()))}") from None
    except ListinoError as error:
        raise InvalidShop(f"{path}: {error}") from None


def _complaint(detail: ErrorDetails) -> str:
    *tables, key = detail["loc"]
    what = unknown_key(str(key), _keys(tables)) if detail["type"] == "extra_forbidden" else in_words(detail)
    return f"{'.'.join(map(str, detail['loc']))}: {what}"


def _keys(tables: Sequence[str | int]) -> list[str]:
    """The keys that the table has of that name; those of the whole file where there is none."""
    model: type[BaseModel] = Declaration
    for name in tables:
        model = model.model_fields[str(name)].annotation  # type: ignore[assignment]  # tables hold tables
    return list(model.model_fields)


def _twice_declared(declared: Mapping[Path, Shop]) -> dict[Path, InvalidShop]:
    """The files that declare a shop which another one declares, too."""
    files: dict[str, list[Path]] = {}
    for path, shop in declared.items():
        files.setdefault(shop.key, []).append(path)
    return {
        path: InvalidShop(
            f"{path}: {key} is declared in {' and '.join(other.name for other in same if other != path)}, too"
        )
        for key, same in files.items()
        if len(same) > 1
        for path in same
    }


class Shops(Mapping[str, Shop]):
    """The declared shops by their key `it:bottega`; `broken`: the files that were left out."""

    def __init__(self, shops: Mapping[str, Shop], folder: Path, broken: Sequence[BrokenDeclaration] = ()) -> None:
        self._shops = dict(shops)
        self._folder = folder
        self.broken = tuple(broken)

    @classmethod
    def load(cls, folder: Path, *, on_error: Callable[[InvalidShop], None] | None = None) -> "Shops":
        """All declarations of a folder; raises InvalidShop for the first that is wrong, or for two of one name.

        With `on_error` the wrong ones are told to it and left out: one shop's typo is no reason to forget the others. Of
        two files that declare one shop both are left out: nobody can say whose prices are meant.
        """
        if not folder.is_dir():
            raise InvalidShop(
                f"there is no folder {folder} with shop declarations: run `listino up`, or set LISTINO_SHOPS_DIR"
            )
        declared: dict[Path, Shop] = {}
        wrong: dict[Path, InvalidShop] = {}
        for path in sorted(folder.glob("*.toml")):
            try:
                declared[path] = load_shop(path)
            except InvalidShop as error:
                wrong[path] = error
        wrong |= _twice_declared(declared)
        for complaint in dict(sorted(wrong.items())).values():
            if on_error is None:
                raise complaint
            on_error(complaint)
        shops = {shop.key: shop for path, shop in declared.items() if path not in wrong}
        return cls(shops, folder, [BrokenDeclaration.of(path, error) for path, error in sorted(wrong.items())])

    def of_market(self, market: str, name: str | None = None) -> list[Shop]:
        """The market's shops, or the one of that name.

        Raises UnknownMarket; UnknownShop when there is none; InvalidShop when there is none but in a broken file.
        """
        market_of(market)
        found = [shop for shop in self._shops.values() if shop.market.code == market and name in (None, shop.name)]
        if not found:
            self._complain_of_broken(market, name)
            there = ", ".join(shop.name for shop in self._shops.values() if shop.market.code == market)
            wanted = f"no shop {name!r}" if name else "no shop"
            hint = f"declared there: {there}" if there else f"declare one in {self._folder}"
            raise UnknownShop(f"{wanted} in market {market}: {hint}")
        return found

    def _complain_of_broken(self, market: str, name: str | None) -> None:
        wrong = "; ".join(str(entry.error) for entry in self.broken if entry.may_be(market, name))
        if wrong:
            wanted = f"shop {name!r}" if name else "no shop"
            raise InvalidShop(f"{wanted} of market {market} can{'not' if name else ''} be used: {wrong}")

    def has_market(self, market: str) -> bool:
        """Whether any file declares a shop of that market, a broken one included."""
        return any(shop.market.code == market for shop in self._shops.values()) or any(
            entry.market == market for entry in self.broken
        )

    def __getitem__(self, key: str) -> Shop:
        return self._shops[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shops)

    def __len__(self) -> int:
        return len(self._shops)
