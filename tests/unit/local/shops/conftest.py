"""Demo shops in this process: `open_shop("it")` gives a catalogue and a client that asks the shop made from it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from listino.local.shops.app import create_app
from listino.local.shops.catalogue import Catalogue

BASE_URL = "http://testserver"


@dataclass(frozen=True)
class Shop:
    catalogue: Catalogue
    client: TestClient


OpenShop = Callable[..., Shop]


@pytest.fixture(scope="module")
def open_shop() -> Iterator[OpenShop]:
    with ExitStack() as stack:

        def opened(market: str, **options: Any) -> Shop:
            catalogue = Catalogue(market, base_url=BASE_URL, **options)
            client = stack.enter_context(TestClient(create_app(catalogue), base_url=BASE_URL, follow_redirects=False))
            return Shop(catalogue, client)

        yield opened
