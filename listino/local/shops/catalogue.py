"""A demo shop's goods and what happens to them: prices drift, stock runs out, goods vanish and appear. No server needed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from listino.domain.errors import InvalidValue, ProductNotFound
from listino.domain.money import Money
from listino.domain.offer import ShopProduct
from listino.local.shops.article import Article, Change
from listino.local.shops.goods import VOCABULARIES, WITHDRAWN_AT_MOST, kind_at, make_good
from listino.local.shops.journal import Journal, Operation
from listino.local.shops.shopfront import shopfront_of
from listino.local.shops.truth import truth_of

_LEAST_PRICE = 50  # cents; drift does not go below
_GREATEST_PRICE = 100_000_000  # cents
_GREATEST_FACTOR = 1000.0
# What a shop can stop showing of its goods, and what is left there then.
HIDEABLE: Mapping[str, Mapping[str, Any]] = {
    "brand": {"brand": ""},
    "description": {"description": "", "description_html": ""},
}


@dataclass(frozen=True, slots=True)
class Drift:
    """What a drift did: all keys that changed, and among them those whose stock flipped too."""

    changed: tuple[str, ...]
    stock_flipped: tuple[str, ...]


class Catalogue:
    """The goods of one market's shop, `count` of them for sale at the start, made when they are asked for.

    Goods are the same for the same (market, seed), product by product, whatever the count. Operations raise InvalidValue
    or ProductNotFound before they change anything; with a `journal` they are kept there and done again on the next start.
    A few withdrawn goods (one in sixty, at least one) come on top: gone from the start, in sitemaps only.
    """

    def __init__(
        self,
        market: str,
        *,
        base_url: str = "http://shop.example",
        seed: int = 1,
        count: int = 250,
        journal: Path | None = None,
    ) -> None:
        if count < 1:
            raise InvalidValue(f"count: a shop has at least one product, not {count}")
        self.front = shopfront_of(market)
        self.words = VOCABULARIES[market]
        self.market = market
        self.base_url = base_url.rstrip("/")
        self.seed = seed
        self.count = count
        self.withdrawn = min(WITHDRAWN_AT_MOST, max(1, count // 60))
        self._size = count
        self._changes: dict[int, Change] = {}
        self._vanished: set[int] = set()
        self._hidden: tuple[str, ...] = ()
        self._live: list[int] | None = None
        self._by_category: dict[str, list[int]] | None = None
        self._journal = Journal(journal, {"market": market, "seed": seed, "count": count}) if journal else None
        if self._journal:
            for operation in self._journal.operations():
                self._apply(operation)

    # What is for sale.

    def live(self) -> Sequence[int]:
        """The indexes of all goods for sale, oldest first."""
        if self._live is None:
            self._live = [index for index in range(self._size) if index not in self._vanished]
        return self._live

    def in_category(self, code: str) -> Sequence[int]:
        """The indexes for sale in a department or a kind, by its code, oldest first."""
        if self._by_category is None:
            self._by_category = {}
            for index in self.live():
                kind = kind_at(self.seed, index)
                self._by_category.setdefault(kind.department, []).append(index)
                self._by_category.setdefault(kind.code, []).append(index)
        return self._by_category.get(code, [])

    def gone(self) -> list[int]:
        """The indexes that answer 410: withdrawn before the start, or vanished since."""
        return [*range(-self.withdrawn, 0), *sorted(self._vanished)]

    def is_live(self, index: int | None) -> bool:
        return index is not None and 0 <= index < self._size and index not in self._vanished

    def is_gone(self, index: int | None) -> bool:
        return index is not None and (-self.withdrawn <= index < 0 or index in self._vanished)

    def article(self, index: int) -> Article:
        """The good at an index as it stands now; of goods that are gone, as they stood last."""
        good = make_good(self.market, self.front.prefix, self.seed, index)
        for field in self._hidden:
            good = replace(good, **HIDEABLE[field])
        return Article(self.market, good, self._changes.get(index))

    def index_of(self, key: str) -> int:
        """The index of a good for sale by its key or its reference; raises ProductNotFound."""
        index = self.front.index_of_key(key)
        if index is None or not self.is_live(index):
            raise ProductNotFound(f"sku: {self.front.name} has no product {key!r}")
        return index

    def key_of(self, index: int) -> str:
        return self.front.key(self.article(index).good)

    def keys(self) -> list[str]:
        return [self.key_of(index) for index in self.live()]

    # What a visitor can learn.

    def truth(self) -> dict[str, ShopProduct]:
        """All goods for sale by their key, exactly as a correct reader of this shop's payloads ends up with them."""
        return {product.sku: product for product in map(self._shown, self.live())}

    def product(self, key: str) -> ShopProduct:
        """One good of the truth; raises ProductNotFound where it is not for sale."""
        return self._shown(self.index_of(key))

    def _shown(self, index: int) -> ShopProduct:
        article = self.article(index)
        # The block is composed once, as shops with cached blocks do: it may still name goods that vanished since.
        return truth_of(article, tuple(self.key_of(other) for other in article.good.related), self.front, self.base_url)

    # What happens to the goods.

    def drift(self, share: float, seed: int = 1) -> Drift:
        """Moves the prices of a share of the goods by up to 30 % either way; one in five of them flips its stock as well."""
        result: Drift = self._perform({"op": "drift", "share": share, "seed": seed})
        return result

    def set_price(self, sku: str, price: Money) -> None:
        """Moves the product's price, the lowest of its variants, and the dearer ones along by the same amount."""
        self._perform({"op": "price", "sku": sku, "minor": price.minor, "currency": price.currency})

    def misprice(self, factor: float, *, share: float | None = None, skus: Iterable[str] | None = None) -> list[str]:
        """Multiplies every price of a share of the goods, or of the named ones, as a lost decimal comma does; 0 makes them
        free, 1 mends them. Returns their keys."""
        wanted = {"share": share, "skus": None if skus is None else list(skus)}
        return list(self._perform({"op": "misprice", "factor": factor, **wanted}))

    def hide(self, fields: Iterable[str]) -> None:
        """Shows the goods without these fields (of HIDEABLE) from now on; none shows them whole again."""
        self._perform({"op": "hide", "fields": list(fields)})

    def set_stock(self, sku: str, in_stock: bool) -> None:
        """Sells all variants out, or puts every variant in stock."""
        self._perform({"op": "stock", "sku": sku, "in_stock": in_stock})

    def vanish(self, *, share: float | None = None, skus: Iterable[str] | None = None) -> list[str]:
        """Takes a share of the goods, or the named ones, out of the shop for good; returns their keys."""
        return list(self._perform({"op": "vanish", "share": share, "skus": None if skus is None else list(skus)}))

    def appear(self, count: int) -> list[str]:
        """Adds new goods; returns their keys."""
        return list(self._perform({"op": "appear", "count": count}))

    def restore(self) -> None:
        """Puts the goods back to how the seed made them."""
        self._perform({"op": "restore"})

    def close(self) -> None:
        """Closes the journal; the goods can still be read."""
        if self._journal:
            self._journal.close()

    def _perform(self, operation: Operation) -> Any:
        operation["at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        result = self._apply(operation)
        if self._journal:
            self._journal.append(operation)
        return result

    def _apply(self, operation: Operation) -> Any:
        at = datetime.fromisoformat(operation["at"])
        match operation["op"]:
            case "drift":
                return self._drift(operation["share"], operation["seed"], at)
            case "price":
                return self._set_price(operation["sku"], Money(operation["minor"], operation["currency"]), at)
            case "stock":
                self._changing(self.index_of(operation["sku"]), at).in_stock = operation["in_stock"]
                return None
            case "vanish":
                return self._vanish(operation["share"], operation["skus"], at)
            case "appear":
                return self._appear(operation["count"])
            case "misprice":
                return self._misprice(operation["factor"], operation["share"], operation["skus"], at)
            case "hide":
                return self._hide(operation["fields"])
            case "restore":
                self._hidden = ()
                self._changes.clear()
                self._vanished.clear()
                self._size = self.count
                self._forget_order()
                return None
            case other:
                raise InvalidValue(f"op: {other!r} is nothing that can be done to goods")

    def _drift(self, share: float, seed: int, at: datetime) -> Drift:
        chosen = self._choose(share, Random(f"{self.seed}:{seed}:drift:{self.market}"))
        flipped = []
        for index in chosen:
            dice = Random(f"{self.seed}:{seed}:drift:{self.market}:{index}")
            article = self.article(index)
            moved = max(min(_LEAST_PRICE, article.price), round(article.price * (1 + dice.uniform(-0.3, 0.3))))
            in_stock = article.in_stock
            change = self._changing(index, at)
            change.price = moved if moved != article.price else moved + 1
            if dice.random() < 0.2:
                change.in_stock = not in_stock
                flipped.append(index)
        return Drift(tuple(map(self.key_of, chosen)), tuple(map(self.key_of, flipped)))

    def _set_price(self, sku: str, price: Money, at: datetime) -> None:
        if price.currency != "EUR" or not 1 <= price.minor <= _GREATEST_PRICE:
            raise InvalidValue(
                f"price: {price} {price.currency} is no price in this shop: give 0.01 to 1000000.00 euros"
            )
        self._changing(self.index_of(sku), at).price = price.minor

    def _vanish(self, share: float | None, skus: list[str] | None, at: datetime) -> list[str]:
        chosen = self._named_or_chosen(share, skus, Random(f"{self.seed}:vanish:{self.market}:{len(self._vanished)}"))
        for index in chosen:
            self._changing(index, at)
        self._vanished.update(chosen)
        self._forget_order()
        return [self.key_of(index) for index in chosen]

    def _misprice(self, factor: float, share: float | None, skus: list[str] | None, at: datetime) -> list[str]:
        if not 0 <= factor <= _GREATEST_FACTOR:
            raise InvalidValue(f"factor: 0 to {_GREATEST_FACTOR}, not {factor}")
        chosen = self._named_or_chosen(share, skus, Random(f"{self.seed}:misprice:{self.market}"))
        for index in chosen:
            self._changing(index, at).slip = factor
        return [self.key_of(index) for index in chosen]

    def _hide(self, fields: list[str]) -> None:
        unknown = sorted(set(fields) - HIDEABLE.keys())
        if unknown:
            raise InvalidValue(f"fields: {unknown[0]!r} cannot be hidden: choose of {', '.join(HIDEABLE)}")
        self._hidden = tuple(fields)

    def _named_or_chosen(self, share: float | None, skus: list[str] | None, dice: Random) -> list[int]:
        if (share is None) == (skus is None):
            raise InvalidValue("share: give either a share or skus")
        return sorted({self.index_of(sku) for sku in skus}) if skus is not None else self._choose(share or 0.0, dice)

    def _appear(self, count: int) -> list[str]:
        if not 1 <= count <= 100_000:
            raise InvalidValue(f"count: 1 to 100000 products can appear at once, not {count}")
        added = range(self._size, self._size + count)
        self._size += count
        self._forget_order()
        return [self.key_of(index) for index in added]

    def _choose(self, share: float, dice: Random) -> list[int]:
        if not 0 <= share <= 1:
            raise InvalidValue(f"share: {share} is not between 0 and 1")
        live = self.live()
        wanted = round(share * len(live)) or (1 if share > 0 and live else 0)
        return sorted(dice.sample(list(live), wanted))

    def _changing(self, index: int, at: datetime) -> Change:
        change = self._changes.setdefault(index, Change(at))
        change.at = at
        return change

    def _forget_order(self) -> None:
        self._live = None
        self._by_category = None
