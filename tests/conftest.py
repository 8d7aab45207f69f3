"""Fixtures for every tier: real servers, started once a run, and settings that point to them."""

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from pymongo import MongoClient
from redis import Redis

sys.path.insert(0, str(Path(__file__).parent))

import servers

from listino.live.page_guard import PageGuard
from listino.settings import Settings
from listino.store.client import Store
from listino.store.collections import COLLECTIONS


@pytest.fixture(autouse=True)
def logs_as_at_the_start() -> Iterator[None]:
    """What a test's command or application says of logs would hold for all tests after it, with a closed stream at its end."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real sharded MongoDB cluster."""
    with servers.mongo(tmp_path_factory.mktemp("mongo")) as uri:
        yield uri


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real Redis-compatible server."""
    with servers.redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def database_name(mongo_uri: str) -> Iterator[str]:
    """A database whose collections are as declared. One for the whole run: to shard them takes a second."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with Store(Settings(_env_file=None, env="test", mongo_uri=mongo_uri, mongo_database=name)) as opened:
        opened.prepare()
    yield name
    with MongoClient(mongo_uri) as client:
        client.drop_database(name)


@pytest.fixture
def settings(mongo_uri: str, database_name: str, redis_url: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a test: a database and a Redis for itself, both empty."""
    redis = Redis.from_url(redis_url)
    redis.flushall()
    made = Settings(
        _env_file=None,
        env="test",
        mongo_uri=mongo_uri,
        mongo_database=database_name,
        redis_url=redis_url,
        state_dir=tmp_path / "state",
        secret_key="a secret of no worth, for tests only",
    )
    yield made
    with MongoClient(mongo_uri) as client:
        for declared in COLLECTIONS:
            client[database_name][declared.name].delete_many({})
    redis.close()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The synchronous store on an empty database, guarded as that of every writer is."""
    with Store(settings, PageGuard(settings)) as opened:
        yield opened
