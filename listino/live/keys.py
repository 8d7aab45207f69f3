"""The Redis keys of one shop's and one product's live prices; scripts.py says what each holds."""

from dataclasses import dataclass

from listino.domain.product import key_parts

DRAINS = "live:drains"


@dataclass(frozen=True, slots=True)
class ShopKeys:
    """`shop` is market and name, as in `it:bottega`."""

    shop: str

    @property
    def waiting(self) -> str:
        return self._named("waiting")

    @property
    def until(self) -> str:
        return self._named("until")

    @property
    def drain(self) -> str:
        return self._named("drain")

    @property
    def taken(self) -> str:
        return self._named("taken")

    @property
    def since(self) -> str:
        return self._named("since")

    @property
    def blamed(self) -> str:
        return self._named("blamed")

    @property
    def parked(self) -> str:
        return self._named("parked")

    @property
    def breaker(self) -> str:
        return self._named("breaker")

    @property
    def queue(self) -> list[str]:
        """What the scripts that order the queue look at, in their order."""
        named = (self.waiting, self.until, self.drain, self.taken, self.since, self.blamed, self.parked, self.breaker)
        return [*named, DRAINS]

    def answer(self, product_id: str) -> str:
        return self._named(f"answer:{product_id}")

    def _named(self, name: str) -> str:
        return f"live:{{{self.shop}}}:{name}"


def shop_key(product_id: str) -> str:
    """`it:bottega` of `it:bottega:3020`."""
    market, shop, _ = key_parts(product_id)
    return f"{market}:{shop}"
