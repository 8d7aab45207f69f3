"""What a container runs first: settings from secret files, roles, and a stop that reaches the spiders."""

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, module

from listino.settings import Settings

entrypoint: Any = module("entrypoint")


@pytest.fixture
def password(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text("p@ss/w:rd%\n")
    return str(path)


def test_addresses_are_made_of_hosts_and_secret_files(password: str) -> None:
    made = entrypoint.settings(
        {
            "MONGO_HOSTS": "mongos-1:27017,mongos-2:27017",
            "MONGO_USER": "listino",
            "MONGO_PASSWORD_FILE": password,
            "REDIS_HOST": "valkey:6379",
            "REDIS_PASSWORD_FILE": password,
            "LISTINO_SECRET_KEY_FILE": password,
        }
    )
    assert made == {
        "LISTINO_MONGO_URI": "mongodb://listino:p%40ss%2Fw%3Ard%25@mongos-1:27017,mongos-2:27017/?authSource=admin",
        "LISTINO_REDIS_URL": "redis://:p%40ss%2Fw%3Ard%25@valkey:6379/0",
        "LISTINO_SECRET_KEY": "p@ss/w:rd%",
    }


def test_tls_is_an_option(password: str) -> None:
    made = entrypoint.settings(
        {
            "MONGO_HOSTS": "mongos-1",
            "MONGO_OPTIONS": "authSource=admin&tls=true",
            "REDIS_HOST": "valkey:6380",
            "REDIS_SCHEME": "rediss",
            "REDIS_OPTIONS": "ssl_ca_certs=/run/secrets/ca",
        }
    )
    assert made == {
        "LISTINO_MONGO_URI": "mongodb://mongos-1/?authSource=admin&tls=true",
        "LISTINO_REDIS_URL": "rediss://valkey:6380/0?ssl_ca_certs=/run/secrets/ca",
    }


def test_what_is_set_wins(password: str) -> None:
    given = {"LISTINO_SECRET_KEY": "given", "LISTINO_SECRET_KEY_FILE": password}
    assert entrypoint.settings(given) == {}


def test_nothing_is_made_of_nothing() -> None:
    assert entrypoint.settings({}) == {}


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_secret_that_is_not_there_is_said(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
    with pytest.raises(entrypoint.Misused, match=str(path)):
        entrypoint.settings({"LISTINO_SECRET_KEY_FILE": str(path)})


@pytest.mark.parametrize("role", [["api"], ["backoffice"], ["worker", "live"], ["worker", "crawl"], ["schedule"]])
def test_roles_run_modules_that_exist(role: list[str]) -> None:
    program, option, name, *rest = entrypoint.command(role, {})
    assert (program, option) == (sys.executable, "-m")
    assert find_spec(name) is not None
    if name == "gunicorn":
        application, _, factory = rest[0].partition(":")
        assert hasattr(__import__(application, fromlist=["create_app"]), factory.partition("(")[0])
        assert "--no-control-socket" in rest


def test_options_of_roles() -> None:
    assert "4" in entrypoint.command(["api"], {"LISTINO_API_WORKERS": "4"})
    live = entrypoint.command(["worker", "live"], {})
    assert live[live.index("--processes") + 1] == "1", "whoever dies or is recycled has an heir at once"
    assert "backoffice.app:create_app(proxies=1)" in entrypoint.command(["backoffice"], {"BACKOFFICE_PROXIES": "1"})
    assert entrypoint.command(["crawl", "it", "--limit", "5"], {}) == ["listino", "crawl", "it", "--limit", "5"]
    assert entrypoint.command(["listino", "cluster", "status"], {}) == ["listino", "cluster", "status"]


@pytest.mark.parametrize("role", [[], ["worker"], ["worker", "slow"]])
def test_an_unknown_role_is_refused(role: list[str]) -> None:
    with pytest.raises(entrypoint.Misused):
        entrypoint.command(role, {})


def test_code_is_no_number_of_proxies() -> None:
    with pytest.raises(entrypoint.Misused):
        entrypoint.command(["backoffice"], {"BACKOFFICE_PROXIES": "__import__('os')"})


def run(*role: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LISTINO_")}
    return subprocess.run(
        [sys.executable, str(DEPLOY / "entrypoint.py"), *role],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_command_gets_settings_that_listino_reads(password: str) -> None:
    read = "from listino.settings import load_settings as l; s = l(); print(s.mongo_address, s.redis_address)"
    done = run(
        *(sys.executable, "-c", read), MONGO_HOSTS="m", MONGO_USER="u", MONGO_PASSWORD_FILE=password, REDIS_HOST="r"
    )
    assert done.stdout == "mongodb://u:p%40ss%2Fw%3Ard%25@m/?authSource=admin redis://r/0\n", done.stderr
    assert Settings(mongo_uri="mongodb://m/").mongo_address == "mongodb://m/"


def test_misuse_is_one_line_and_code_2() -> None:
    done = run("worker")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("listino: ")


def test_a_program_that_is_not_there_is_one_line_and_code_127() -> None:
    done = run("no-such-program")
    assert (done.returncode, done.stderr.count("\n")) == (127, 1)


def test_health_of_a_part_without_a_check_is_good() -> None:
    assert run("health", HEALTH_CHECK="").returncode == 0
    done = run("health", HEALTH_CHECK="sometimes")
    assert (done.returncode, "sometimes" in done.stderr) == (1, True)
    assert run("health", HEALTH_CHECK="http://127.0.0.1:1/").returncode == 1


def test_workers_are_not_restarted_because_redis_is_away() -> None:
    assert run("health", HEALTH_CHECK="worker", LISTINO_REDIS_URL="redis://127.0.0.1:1/0").returncode == 0


WORKER = """
import os, signal, subprocess, sys
spider = subprocess.Popen([sys.executable, "-m", "scrapers", "it"], start_new_session=True)
signal.signal(signal.SIGTERM, lambda *_: None)
code = spider.wait()
print("worker saw the spider end with", code, flush=True)
sys.exit(7)
"""
SPIDER = """
import signal, sys, time
def close(*_):
    print("spider closed in order", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, close)
print("spider crawls", flush=True)
time.sleep(60)
"""


def test_a_stop_reaches_the_spider_in_its_own_session(tmp_path: Path) -> None:
    """As RQ has it: the spider is in another process group, and the worker waits for it."""
    for name, text in (("workers", WORKER), ("scrapers", SPIDER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "__main__.py").write_text(text)
    with subprocess.Popen(
        [sys.executable, str(DEPLOY / "entrypoint.py"), "worker", "crawl"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as container:
        assert container.stdout is not None
        assert container.stdout.readline() == "spider crawls\n"
        time.sleep(0.2)
        container.send_signal(signal.SIGTERM)
        said = container.stdout.read()
        assert container.wait(timeout=20) == 7
    assert said == "spider closed in order\nworker saw the spider end with 0\n"
