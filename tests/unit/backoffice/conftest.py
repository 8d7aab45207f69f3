import pytest
from flask import Flask

from backoffice.app import create_app
from listino.settings import Settings


@pytest.fixture
def app() -> Flask:
    """The application with no server behind it: nothing connects before it is needed."""
    return create_app(
        Settings(
            _env_file=None,
            env="test",
            secret_key="a secret of no worth, for tests only",
            mongo_uri="mongodb://127.0.0.1:1",
            redis_url="redis://127.0.0.1:1/0",
        )
    )
