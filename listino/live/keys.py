"""The Redis keys of one shop's and one product's live prices; scripts.py says what each holds."""

from dataclasses import dataclass

from listino.domain.product import key_parts


@dataclass(frozen=True, slots=True)
class ShopKeys:
    """`shop` is market and name, as in `it:bottega`."""

    shop: str

    @property
    def waiting(self) -> str:
        return f"live:{{{self.shop}}}:waiting"

    @property
    def drain(self) -> str:
        return f"live:{{{self.shop}}}:drain"

    def flight(self, product_id: str) -> str:
        return f"live:{{{self.shop}}}:flight:{product_id}"

    def answer(self, product_id: str) -> str:
        return f"live:{{{self.shop}}}:answer:{product_id}"


def shop_key(product_id: str) -> str:
    """`it:bottega` of `it:bottega:8411`."""
    market, shop, _ = key_parts(product_id)
    return f"{market}:{shop}"
