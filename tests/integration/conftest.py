"""Demo shops for the integration tests: one server a market and run, as new for every test."""

from collections.abc import Iterator

import pytest
from shopkeeper import RunningShop, running_shop

from listino.settings import Settings


@pytest.fixture(scope="session", params=["it", "fr", "de", "es"])
def _any_shop(request: pytest.FixtureRequest) -> Iterator[RunningShop]:
    with running_shop(request.param) as shop:
        yield shop


@pytest.fixture
def any_shop(_any_shop: RunningShop, settings: Settings) -> RunningShop:
    """Each of the four demo shops in turn, declared, with its goods as in the beginning."""
    return _as_new(_any_shop, settings)


@pytest.fixture(scope="session")
def _german_shop() -> Iterator[RunningShop]:
    with running_shop("de") as shop:
        yield shop


@pytest.fixture
def german_shop(_german_shop: RunningShop, settings: Settings) -> RunningShop:
    """The German demo shop, for what does not depend on the platform."""
    return _as_new(_german_shop, settings)


@pytest.fixture(scope="session")
def _french_shop() -> Iterator[RunningShop]:
    with running_shop("fr") as shop:
        yield shop


@pytest.fixture
def french_shop(_french_shop: RunningShop, settings: Settings) -> RunningShop:
    """A second shop beside the German one."""
    return _as_new(_french_shop, settings)


def _as_new(shop: RunningShop, settings: Settings) -> RunningShop:
    shop.admin("restore")
    shop.admin("reset")
    shop.declare(settings)
    return shop
