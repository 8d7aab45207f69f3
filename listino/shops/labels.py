"""The names of shops as labels of figures: there are as many as shops are declared, whatever ids people ask for."""

import time

from listino.domain.errors import InvalidShop
from listino.domain.product import ProductId
from listino.shops.folder import ShopsFolder

UNDECLARED = "undeclared"
_LOOK_AGAIN_SECONDS = (
    5.0  # at the folder: what is declared changes seldom, and figures are kept thousands of times a second
)


class ShopLabels:
    """Calling it gives the shop of a product, `it:bottega`, if that is declared, else UNDECLARED. Thread-safe."""

    def __init__(self, folder: ShopsFolder) -> None:
        self._folder = folder
        self._names: frozenset[str] = frozenset()
        self._until = 0.0

    def __call__(self, product_id: ProductId) -> str:
        now = time.monotonic()
        if now >= self._until:
            self._until = now + _LOOK_AGAIN_SECONDS
            self._names = self._declared()
        shop = ":".join(str(product_id).split(":", 2)[:2])
        return shop if shop in self._names else UNDECLARED

    def _declared(self) -> frozenset[str]:
        try:
            return frozenset(self._folder.now())
        except (InvalidShop, OSError):
            return self._names  # whoever asks the shops complains of it
