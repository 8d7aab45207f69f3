"""Who may import whom (docs/decisions, DESIGN section 2). Every rule names its offenders."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import PACKAGES, ROOT, Module, modules, within

APPLICATIONS = ("scrapers", "workers", "api", "backoffice")

# What a part may import of ours, besides itself. Parts that are not named may import all of `listino`.
ALLOWED = {
    "listino.domain": (),
    "listino.extract": ("listino.domain",),
    "listino.complaints": (),
    "listino.shops": ("listino.domain", "listino.extract", "listino.complaints"),
    "listino.settings": ("listino.domain.errors", "listino.complaints"),
    "listino.store": ("listino.domain", "listino.settings"),
    "listino.live": ("listino.domain", "listino.settings", "listino.jobs"),
    "listino.jobs": ("listino.domain",),
    "listino.queues": ("listino.domain", "listino.jobs"),
    "listino.catalogue": ("listino.domain", "listino.settings", "listino.logs", "listino.store", "listino.live"),
    "listino.local": ("listino.domain", "listino.settings", "listino.shops.declaration"),
}

# Where a driver may be imported.
DRIVERS = {
    "motor": ("listino.store.aio",),
    "pymongo": ("listino.store", "listino.local"),
    "bson": ("listino.store", "listino.local"),
    "redis": ("listino.live", "listino.local", "listino.jobs", "listino.queues", "workers"),
    "rq": ("listino.jobs", "listino.queues", "workers"),
    "duckdb": ("listino.catalogue",),
}
# What can be told to run code by whoever writes the bytes.
UNSAFE = ("pickle", "cPickle", "shelve", "marshal", "dill", "rq.serializers.PickleSerializer")


def wrong_directions(found: list[Module]) -> list[str]:
    return [
        f"{module.name} imports {name}"
        for module in found
        for part, allowed in ALLOWED.items()
        if module.within(part)
        for name in sorted(set(module.imports()))
        if within(name, *PACKAGES) and not within(name, part, *allowed)
    ]


def applications_imported(found: list[Module]) -> list[str]:
    """`workers` starts `python -m scrapers`; it does not import it either."""
    return [
        f"{module.name} imports {name}"
        for module in found
        for name in sorted(set(module.imports()))
        if within(name, *APPLICATIONS) and not within(name, module.name.split(".")[0])
    ]


def drivers_elsewhere(found: list[Module]) -> list[str]:
    return [
        f"{module.name} imports {name}"
        for module in found
        for name in sorted(set(module.imports()))
        for driver, places in DRIVERS.items()
        if within(name, driver) and not module.within(*places)
    ]


def services_that_know_requests(found: list[Module]) -> list[str]:
    """Pages and the JSON API share them, so who asks and what is sent is told to them."""
    return [
        f"{module.name} imports {name}"
        for module in found
        if module.within("backoffice.services")
        for name in sorted(set(module.imports()))
        if within(name, "flask", "backoffice.views", "backoffice.api")
    ]


def unsafe_imports(found: list[Module]) -> list[str]:
    return [
        f"{module.name} imports {name}"
        for module in found
        for name in sorted(set(module.imports()))
        if within(name, *UNSAFE)
    ]


@pytest.fixture(scope="module")
def found() -> list[Module]:
    return modules()


def test_all_parts_are_looked_at(found: list[Module]) -> None:
    assert len(found) > 100
    for part in (*PACKAGES, *ALLOWED):
        assert any(module.within(part) for module in found), part


def test_parts_import_only_what_lies_below_them(found: list[Module]) -> None:
    assert wrong_directions(found) == []


def test_no_application_is_imported(found: list[Module]) -> None:
    assert applications_imported(found) == []


def test_drivers_are_imported_where_they_belong(found: list[Module]) -> None:
    assert drivers_elsewhere(found) == []


def test_motor_is_imported_in_exactly_one_module(found: list[Module]) -> None:
    users = [module.name for module in found if any(within(name, "motor") for name in module.imports())]
    assert users == ["listino.store.aio"]


def test_services_of_the_back_office_know_of_no_request(found: list[Module]) -> None:
    assert services_that_know_requests(found) == []


def test_nothing_is_pickled(found: list[Module]) -> None:
    assert unsafe_imports(found) == []


@pytest.mark.parametrize(
    ("rule", "path", "line", "offence"),
    [
        (wrong_directions, "listino/domain/money.py", "from listino.store import client", "listino.domain.money imports listino.store.client"),
        (wrong_directions, "listino/domain/money.py", "from ..store.client import Store", "listino.domain.money imports listino.store.client.Store"),
        (wrong_directions, "listino/extract/text.py", "import listino.shops.shop", "listino.extract.text imports listino.shops.shop"),
        (wrong_directions, "listino/shops/shop.py", "def f():\n    from listino.live import keys", "listino.shops.shop imports listino.live.keys"),
        (wrong_directions, "listino/store/aio.py", "from listino.live.keys import x", "listino.store.aio imports listino.live.keys.x"),
        (wrong_directions, "listino/live/keys.py", "from listino.store.client import Store", "listino.live.keys imports listino.store.client.Store"),
        (applications_imported, "listino/cli/crawl.py", "import scrapers", "listino.cli.crawl imports scrapers"),
        (applications_imported, "workers/crawls.py", "from scrapers.run import CrawlRun", "workers.crawls imports scrapers.run.CrawlRun"),
        (applications_imported, "api/app.py", 'import_module("backoffice.app")', "api.app imports backoffice.app"),
        (drivers_elsewhere, "api/app.py", "from pymongo.errors import PyMongoError", "api.app imports pymongo.errors.PyMongoError"),
        (drivers_elsewhere, "listino/store/client.py", "import motor", "listino.store.client imports motor"),
        (drivers_elsewhere, "listino/store/crawls.py", "import redis", "listino.store.crawls imports redis"),
        (services_that_know_requests, "backoffice/services/crawls.py", "from flask import g", "backoffice.services.crawls imports flask.g"),
        (unsafe_imports, "workers/live.py", "import pickle as p", "workers.live imports pickle"),
    ],
)  # fmt: skip
def test_each_rule_catches_its_offence(rule: object, path: str, line: str, offence: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(line + "\n")
    assert callable(rule)
    assert rule(modules(tmp_path)) == [offence]


def test_what_merely_looks_alike_is_no_offence(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "app.py").write_text("import redis_like, motorway\nfrom apiary import x\nfrom api import y\n")
    for rule in (wrong_directions, applications_imported, drivers_elsewhere, unsafe_imports):
        assert rule(modules(tmp_path)) == []


def test_the_root_is_that_of_the_project() -> None:
    assert (ROOT / "pyproject.toml").is_file()


def test_live_workers_are_forked_without_numpy() -> None:
    """It starts threads, and threads do not survive a fork; each worker would have its memory, too."""
    code = "import sys, workers.__main__; print(*sys.modules, sep='\\n')"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(answer.stdout.splitlines())
    assert "workers.pool" in loaded
    assert "numpy" not in loaded
