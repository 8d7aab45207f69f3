"""What `deploy/` and its page say of Listino is what the code says."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, FROM_FILES, OVERLAY, ROOT, document, files, module, services, variables

from listino.cli.main import COMMANDS
from listino.local.parts import BACKOFFICE_THREADS, GRACEFUL_SECONDS
from listino.settings import LIVE_OFFSET, PORT_OFFSETS, Settings
from listino.store.collections import COLLECTIONS

entrypoint: Any = module("entrypoint")
PAGE = ROOT / "docs" / "deploy.md"
BASE = Settings.model_fields["port_base"].default


def version() -> str:
    found: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return found


def known_variables() -> set[str]:
    return {f"LISTINO_{name.upper()}" for name in Settings.model_fields} | FROM_FILES


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_variable_is_a_setting() -> None:
    used = {path: variables(read(path)) for path in [*files(), PAGE]}
    assert len(set().union(*used.values())) > 8
    unknown = {str(path): sorted(names - known_variables()) for path, names in used.items()}
    assert {path: names for path, names in unknown.items() if names} == {}


def test_values_given_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    for name, service in services().items():
        given = {
            key.removeprefix("LISTINO_").lower(): value
            for key, value in service.get("environment", {}).items()
            if key in known_variables() - FROM_FILES and "${" not in value
        }
        Settings(**given, secret_key="x" * 40, _env_file=None)
        assert name not in ("api-1", "schedule") or given["env"] == "production"


def test_ports_are_those_of_the_platform_on_one_machine() -> None:
    assert BASE + PORT_OFFSETS["api-1"] == entrypoint.API_PORT
    assert BASE + PORT_OFFSETS["backoffice"] == entrypoint.BACKOFFICE_PORT
    assert BASE + LIVE_OFFSET == entrypoint.WORKER_PORT
    nginx = BASE + PORT_OFFSETS["nginx"]
    assert f"listen {nginx};" in read(DEPLOY / "nginx" / "plain.conf")
    assert f"listen {nginx};" in read(DEPLOY / "nginx" / "tls.conf")
    assert services()["nginx"]["ports"] == [f"${{HTTP_PORT:-{nginx}}}:{nginx}"]
    upstream = re.findall(r"server (api-\d):(\d+) resolve", read(DEPLOY / "nginx" / "container" / "nodes.conf"))
    assert upstream == [(name, str(entrypoint.API_PORT)) for name in ("api-1", "api-2")]
    checks = {name: services()[name]["environment"]["HEALTH_CHECK"] for name in ("api-1", "api-2", "backoffice")}
    assert checks == {
        "api-1": f"http://127.0.0.1:{entrypoint.API_PORT}/readyz",
        "api-2": f"http://127.0.0.1:{entrypoint.API_PORT}/readyz",
        "backoffice": f"http://127.0.0.1:{entrypoint.BACKOFFICE_PORT}/readyz",
    }


def test_servers_are_started_as_on_one_machine() -> None:
    assert (entrypoint.BACKOFFICE_THREADS, entrypoint.GRACEFUL_SECONDS) == (BACKOFFICE_THREADS, GRACEFUL_SECONDS)


def test_commands_exist() -> None:
    code = "\n".join(re.findall(r"^    .*$|`[^`\n]+`", read(PAGE) + read(DEPLOY / "compose.yaml"), re.MULTILINE))
    nouns = set(re.findall(r"(?<!namespace )\blistino ([a-z]+)", code))
    assert nouns >= {"staff", "cluster"}
    assert nouns <= set(COMMANDS)
    for role in (["cluster-init"], ["crawl", "it"]):
        program, noun, *_ = entrypoint.command(role, {})
        assert program == "listino"
        assert noun in set(COMMANDS)


def test_no_script_knows_a_collection() -> None:
    """Collections and their shard keys stand once, in the store; `cluster-init` makes them."""
    for path in (DEPLOY / "mongo").glob("*.js"):
        code = re.sub(r"//.*", "", read(path))
        assert code.strip()
        assert [one.name for one in COLLECTIONS if re.search(rf"\b{one.name}\b", code)] == [], path
    database = Settings.model_fields["mongo_database"].default
    assert services()["replica-sets"]["environment"]["CLUSTER_DATABASE"] == database
    assert services()["api-1"]["environment"]["LISTINO_MONGO_DATABASE"] == database


def test_the_version_is_the_same_everywhere() -> None:
    assert {one["image"] for one in services().values() if "build" in one} == {f"listino:${{TAG:-{version()}}}"}
    assert f"ARG VERSION={version()}\n" in read(DEPLOY / "Containerfile")
    for path in (DEPLOY / "kubernetes" / "base", OVERLAY):
        assert document(path / "kustomization.yaml")["images"][0]["newTag"] == version()


def test_the_page_names_each_secret_and_each_role() -> None:
    text = read(PAGE)
    made = set(re.findall(r"^make (\w+)", read(DEPLOY / "make-secrets"), re.MULTILINE))
    assert made
    assert {name for name in made if f"`{name}`" not in text} == set()
    words = [service["command"] for service in services().values() if "build" in service]
    roles = {" ".join(word for word in command if not word.startswith("--")) for command in words}
    assert {role for role in roles if f"`{role}`" not in text} == set()


def test_files_the_page_names_exist() -> None:
    named = set(re.findall(r"deploy/[\w./-]*\w", read(PAGE))) - {"deploy/.env"}
    assert len(named) > 8
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_no_secret_is_in_a_file() -> None:
    for path in files():
        text = read(path)
        assert "PRIVATE KEY" not in text, path
        assert (
            re.search(r"(?i)(password|secret_key|requirepass|pwd)['\"]?\s*[:=]\s*['\"]?[A-Za-z0-9+/]{12,}", text)
            is None
        ), path
        assert re.search(r"://[^/\s:@{$]+:[^/\s@{$]+@", text) is None, path


def _given_to_api() -> dict[str, dict[str, str]]:
    pods = yaml.safe_load_all(read(DEPLOY / "kubernetes" / "base" / "applications" / "api.yaml"))
    (container,) = next(one for one in pods if one["kind"] == "Deployment")["spec"]["template"]["spec"]["containers"]
    given = {"kubernetes": {one["name"]: one["value"] for one in container["env"]}}
    for name in ("api-1", "api-2"):
        written: dict[str, str] = services()[name]["environment"]
        given[name] = {key: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value) for key, value in written.items()}
    return given


@pytest.mark.parametrize("place", ["kubernetes", "api-1", "api-2"])
def test_clients_are_limited_and_told_apart(place: str) -> None:
    given = _given_to_api()[place]
    names = {"client_rate": "LISTINO_CLIENT_RATE", "trusted_proxies": "LISTINO_TRUSTED_PROXIES"}
    settings = Settings(_env_file=None, env="production", **{name: given[key] for name, key in names.items()})  # type: ignore[arg-type, call-arg]  # typed by pydantic
    assert settings.client_rate > 0
    assert settings.limit_doubt is None
    assert not any(network.is_global for network in settings.trusted_proxies)
