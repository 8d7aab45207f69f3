import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from e2e.backoffice.desks import PHONE, WIDE, Desk, desk_before
from integration.backoffice.goods import ADMIN, AGENT, MANAGER, employ, fill_shelves, keep_crawls
from integration.backoffice.library import cheap_hashes, library
from playwright.sync_api import Browser, StorageState
from werkzeug.serving import make_server

from backoffice.app import create_app
from listino.settings import Settings
from listino.store.client import Store


@pytest.fixture
def filled(store: Store) -> Store:
    fill_shelves(store)
    employ(store)
    keep_crawls(store, older=25)
    return store


@pytest.fixture(scope="module", autouse=True)
def quick_to_sign_in() -> Iterator[None]:
    with cheap_hashes():
        yield


@contextmanager
def listening(settings: Settings) -> Iterator[str]:
    """Where a back office listens."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="back office", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    app.extensions["listino"].close()


@pytest.fixture
def address(filled: Store, settings: Settings) -> Iterator[str]:
    """A back office of the test's own."""
    with listening(settings) as at:
        yield at


@pytest.fixture(scope="session")
def reading_room(mongo_uri: str, redis_url: str) -> Iterator[str]:
    """One back office for all tests that change nothing."""
    with library(mongo_uri, redis_url, "backoffice_looking") as settings, listening(settings) as at:
        yield at


@pytest.fixture(scope="session")
def passes(browser: Browser, reading_room: str) -> dict[str, StorageState]:
    """The cookies of everybody who reads there: each signs in once for all tests."""
    held = {}
    for email in (AGENT, MANAGER, ADMIN):
        for desk in desk_before(browser, reading_room):
            desk.sign_in(email)
            held[email] = desk.page.context.storage_state()
    return held


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Desk]:
    yield from desk_before(browser, address, **WIDE)


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Desk]:
    yield from desk_before(browser, address, **PHONE)


@pytest.fixture
def scriptless(browser: Browser, address: str) -> Iterator[Desk]:
    yield from desk_before(browser, address, java_script_enabled=False)


@pytest.fixture
def agent_desk(desk: Desk) -> Desk:
    desk.sign_in(AGENT)
    return desk


@pytest.fixture
def manager_desk(desk: Desk) -> Desk:
    desk.sign_in(MANAGER)
    return desk


# ---------- those who only look ----------


@pytest.fixture
def visitor(browser: Browser, reading_room: str) -> Iterator[Desk]:
    """Somebody who has not signed in yet."""
    yield from desk_before(browser, reading_room, **WIDE)


@pytest.fixture
def reader(browser: Browser, reading_room: str, passes: dict[str, StorageState]) -> Iterator[Desk]:
    yield from desk_before(browser, reading_room, **WIDE, storage_state=passes[AGENT])


@pytest.fixture
def reading_manager(browser: Browser, reading_room: str, passes: dict[str, StorageState]) -> Iterator[Desk]:
    yield from desk_before(browser, reading_room, **WIDE, storage_state=passes[MANAGER])


@pytest.fixture
def reading_admin(browser: Browser, reading_room: str, passes: dict[str, StorageState]) -> Iterator[Desk]:
    yield from desk_before(browser, reading_room, **WIDE, storage_state=passes[ADMIN])


@pytest.fixture
def phone_reader(browser: Browser, reading_room: str, passes: dict[str, StorageState]) -> Iterator[Desk]:
    """An administrator with a telephone."""
    yield from desk_before(browser, reading_room, **PHONE, storage_state=passes[ADMIN])
