"""Stores of the back office for tests that only look, and hashes that cost tests little."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from integration.backoffice.goods import declare_shops, employ, fill_shelves, keep_crawls
from integration.backoffice.visits import keep_events, visits
from pymongo import MongoClient

from listino.settings import Settings
from listino.store import passwords
from listino.store.client import Store
from listino.store.guard import Unguarded


@contextmanager
def cheap_hashes() -> Iterator[None]:
    """The same hashes in a hundredth of the time, as argon2 offers for tests: half of each test here would be spent on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "PasswordHasher", partial(PasswordHasher.from_parameters, CHEAPEST))
        yield


@contextmanager
def library(mongo_uri: str, redis_url: str, name: str) -> Iterator[Settings]:
    """A store filled once, in a database of its own, for all tests that change nothing in it."""
    with TemporaryDirectory() as folder:
        yield from _filled(mongo_uri, redis_url, name, Path(folder))


def _filled(mongo_uri: str, redis_url: str, name: str, folder: Path) -> Iterator[Settings]:
    settings = Settings(
        _env_file=None,
        env="test",
        mongo_uri=mongo_uri,
        mongo_database=f"test_{name}",
        redis_url=redis_url,
        state_dir=folder,
        secret_key="a secret of no worth, for tests only",
    )
    with cheap_hashes(), Store(settings, Unguarded()) as store:
        store.prepare()
        fill_shelves(store)
        employ(store)
        keep_crawls(store, older=25)
        keep_events(settings, visits())
    declare_shops(settings)
    yield settings
    with MongoClient(mongo_uri) as client:
        client.drop_database(settings.mongo_database)
