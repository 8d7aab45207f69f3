"""Shop declarations: one TOML file a shop, read and checked here. docs/add-a-shop.md shows one."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from listino.complaints import in_words, none_of, unknown_key
from listino.domain.errors import InvalidShop, ListinoError, UnknownShop
from listino.domain.listing import Terms
from listino.domain.market import MARKETS, market_of
from listino.domain.money import Money
from listino.domain.pricing import PricingRule
from listino.shops.broken import BrokenDeclaration
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import CrawlManner, Shop


def _name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
        raise ValueError(f"{name!r} must be of lower-case letters, digits and hyphens, at most 63 of them")
    return name


def _platform(name: str) -> str:
    if name not in PLATFORMS:
        raise ValueError(none_of(name, sorted(PLATFORMS)))
    return name


def _market(code: str) -> str:
    if code not in MARKETS:
        raise ValueError(none_of(code, MARKETS))
    return code


def _root(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # `https://[`
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{url!r} must be an address such as https://shop.example")
    return urlunsplit(parts._replace(netloc=parts.netloc.lower())).rstrip("/")


def _pattern(expression: str) -> str:
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"{expression!r} is no regular expression ({error})") from None
    return expression


_Amount = Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=2)]
_Percent = Annotated[Decimal, Field(ge=0, le=1000)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _ShopTable(_Table):
    name: Annotated[str, AfterValidator(_name)]
    market: Annotated[str, AfterValidator(_market)]
    platform: Annotated[str, AfterValidator(_platform)]
    url: Annotated[str, AfterValidator(_root)]


class _ShippingTable(_Table):
    cost: _Amount = Decimal(0)


class _PricingTable(_Table):
    markup_percent: _Percent = PricingRule().markup_percent
    minimum_margin: _Amount = PricingRule().minimum_margin.major
    ending: int = Field(PricingRule().ending, ge=0, le=99)
    categories: dict[str, _Percent] = Field(default_factory=dict)


class _CrawlTable(_Table):
    concurrency: int = Field(CrawlManner().concurrency, ge=1, le=32)
    delay: float = Field(CrawlManner().delay, ge=0, le=60)
    product: Annotated[str, AfterValidator(_pattern)] | None = None
    category: Annotated[str, AfterValidator(_pattern)] | None = None


class _LiveTable(_Table):
    concurrency: int = Field(8, ge=1, le=64)


class _Declaration(_Table):
    shop: _ShopTable
    shipping: _ShippingTable = _ShippingTable()
    pricing: _PricingTable = _PricingTable()
    crawl: _CrawlTable = _CrawlTable()
    live: _LiveTable = _LiveTable()

    def build(self) -> Shop:
        market = market_of(self.shop.market)
        rule = PricingRule(
            markup_percent=self.pricing.markup_percent,
            category_markup_percent=self.pricing.categories,
            minimum_margin=Money.of(self.pricing.minimum_margin, market.currency),
            ending=self.pricing.ending,
        )
        shipping = Money.of(self.shipping.cost, market.currency)
        return Shop(
            name=self.shop.name,
            market=market,
            platform=self.shop.platform,
            url=self.shop.url,
            terms=Terms(market=market, shop=self.shop.name, shipping=shipping, rule=rule),
            crawl=CrawlManner(**self.crawl.model_dump()),
            live_concurrency=self.live.concurrency,
        )


def load_shop(path: Path) -> Shop:
    """The shop a file declares; raises InvalidShop with the file, the key and what is wrong with it."""
    try:
        return _Declaration.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).build()
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
    model: type[BaseModel] = _Declaration
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
