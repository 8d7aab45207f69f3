"""compose.yaml: valid, complete, confined."""

import json
import re
import sys
from importlib import resources
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, compose, document, services

COMPOSE_FILES = ("compose.yaml", "compose.tls.yaml")
ENGINES = {
    *(f"config-{member}" for member in (1, 2, 3)),
    *(f"shard-{shard}-{member}" for shard in (1, 2) for member in (1, 2, 3)),
    *("mongos-1", "mongos-2", "valkey"),
}
APPLICATIONS = {"api-1", "api-2", "backoffice", "worker-live", "worker-crawl", "schedule"}
# They end when their work is done: there is nothing to be healthy.
JOBS = {"replica-sets", "cluster-init"}
PUBLISHED = {"nginx": "${HTTP_PORT:-8080}:8080", "backoffice": "127.0.0.1:${BACKOFFICE_PORT:-8090}:8090"}
SECRETS_OF_APPLICATIONS = {"mongo_listino_password", "valkey_password", "secret_key"}


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_it_keeps_to_the_schema(name: str) -> None:
    pytest.importorskip("check_jsonschema", reason="the compose schema is in the package check-jsonschema")
    jsonschema = pytest.importorskip("jsonschema")
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(document(DEPLOY / name), json.loads(schema.read_text(encoding="utf-8")))


def test_all_parts_are_there_and_no_others() -> None:
    assert set(services()) == ENGINES | APPLICATIONS | JOBS | {"nginx"}


def test_every_service_is_confined() -> None:
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), name
        assert not service.get("privileged"), name
        assert "network_mode" not in service, name


def test_every_service_is_restarted_and_bounded() -> None:
    for name, service in services().items():
        assert service["restart"] == ("on-failure:5" if name in JOBS else "unless-stopped"), name
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory"}, name


def test_every_service_but_a_job_says_how_it_is() -> None:
    for name, service in services().items():
        if name in JOBS:
            assert service["healthcheck"] == {"disable": True}, name
        else:
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name


def test_only_nginx_and_the_back_office_are_published() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published == {name: [port] for name, port in PUBLISHED.items()}


def test_engines_can_be_reached_from_nowhere_else() -> None:
    assert compose()["networks"]["backend"] == {"internal": True}
    assert {name for name, service in services().items() if service["networks"] == ["backend"]} >= ENGINES
    assert {name for name, service in services().items() if "shops" in service["networks"]} == {
        "worker-live",
        "worker-crawl",
    }


def test_images_are_pinned() -> None:
    for name, service in services().items():
        tag = service["image"].partition(":")[2].removeprefix("${TAG:-").removesuffix("}")
        assert re.fullmatch(r"\d+\.\d+[\w.-]*", tag), name


def test_what_is_waited_for_exists_and_can_come_true() -> None:
    for name, service in services().items():
        for needed, how in service.get("depends_on", {}).items():
            ended = how["condition"] == "service_completed_successfully"
            assert (needed in JOBS) == ended, f"{name} waits for {needed}"
            assert ended or how["condition"] == "service_healthy", f"{name} waits for {needed}"


def test_jobs_are_waited_for_so_that_up_can_wait() -> None:
    """`up --wait` calls a container that ended a failure unless somebody waits for its end."""
    waited = {needed for service in services().values() for needed in service.get("depends_on", {})}
    assert waited >= JOBS


def test_each_server_has_a_volume_of_its_own() -> None:
    servers = [name for name in services() if name.startswith(("config-", "shard-"))]
    assert len(servers) == 9
    for name in servers:
        assert services()[name]["volumes"] == [f"{name}:/data/db"]
    named = {
        volume.partition(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
        if volume[0] not in "./"
    }
    assert named == set(compose()["volumes"])


def test_mounted_files_exist() -> None:
    mounted = [
        volume.partition(":")[0]
        for name in COMPOSE_FILES
        for service in document(DEPLOY / name)["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    assert mounted
    assert [path for path in mounted if not (DEPLOY / path).exists()] == []


def test_members_are_started_as_the_scripts_and_routers_know_them() -> None:
    config, ports = services()["mongos-1"]["command"][2], {"config": "27019", "shard": "27018"}
    environment = services()["replica-sets"]["environment"]
    assert environment["CLUSTER_CONFIG"] == config
    role, *added = services()["cluster-init"]["command"]
    assert role == "cluster-init"
    assert added == [f"--shard={shard}" for shard in environment["CLUSTER_SHARDS"].split()]
    for text in (config, *environment["CLUSTER_SHARDS"].split()):
        name, _, members = text.partition("/")
        kind = name.partition("-")[0]
        assert members == ",".join(f"{name}-{number}:{ports[kind]}" for number in (1, 2, 3))
        for number in (1, 2, 3):
            command = services()[f"{name}-{number}"]["command"]
            assert command[1] == ("--configsvr" if kind == "config" else "--shardsvr")
            assert command[command.index("--replSet") + 1] == name
            assert command[command.index("--port") + 1] == ports[kind]
            assert command[command.index("--keyFile") + 1] == "/run/secrets/mongo_keyfile"


def test_routers_are_the_same_for_all() -> None:
    routers = "mongos-1:27017,mongos-2:27017"
    for name in (*APPLICATIONS, "cluster-init"):
        assert services()[name]["environment"]["MONGO_HOSTS"] == routers, name


def test_each_part_has_only_the_secrets_it_needs() -> None:
    have = {name: set(service.get("secrets", [])) for name, service in services().items()}
    for name in APPLICATIONS:
        assert have[name] == SECRETS_OF_APPLICATIONS, name
    assert have["nginx"] == set()
    assert {name for name in have if "mongo_operator_password" in have[name]} == JOBS
    assert {name for name in have if "mongo_keyfile" in have[name]} == (ENGINES - {"valkey"}) | {"replica-sets"}


def test_secrets_are_files_that_are_made() -> None:
    made = set(re.findall(r"^make (\w+)", (DEPLOY / "make-secrets").read_text(encoding="utf-8"), re.MULTILINE))
    assert made
    assert compose()["secrets"] == {name: {"file": f"./secrets/{name}"} for name in made}
