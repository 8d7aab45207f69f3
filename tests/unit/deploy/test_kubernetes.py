"""The Kubernetes manifests: valid, complete, restricted, and the same platform as compose.yaml."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, Document, document, of_kind, pods, rendered, services

KUBERNETES = "1.33"
# Described by a schema of the operator's own, which no package carries: looked at by hand below.
FOREIGN = "PerconaServerMongoDB"
SERVING = {"api": 8081, "backoffice": 8090}
OURS = {"api", "backoffice", "worker-live", "worker-crawl", "schedule", "cluster-init"}


def kustomizations() -> list[Path]:
    return sorted([*(DEPLOY / "kubernetes").rglob("kustomization.yaml"), DEPLOY / "valkey" / "kustomization.yaml"])


def mongo() -> Document:
    (found,) = of_kind(FOREIGN)
    spec: Document = found["spec"]
    return spec


def test_manifests_keep_to_the_schemas() -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="the schemas are in kubernetes-validate")
    checked = [found for found in rendered() if found["kind"] != FOREIGN]
    assert len(checked) > 20
    for found in checked:
        validator.validate(found, KUBERNETES, strict=True)


def test_kustomizations_name_every_file_beside_them() -> None:
    found = kustomizations()
    assert len(found) == 5
    for path in found:
        content = document(path)
        named = {*content.get("resources", []), *(patch["path"] for patch in content.get("patches", []))}
        for generator in content.get("configMapGenerator", []):
            named |= set(generator.get("files", []))
        assert all((path.parent / name).exists() for name in named), path
        beside = {file.name for file in path.parent.iterdir() if file.is_file()} - {"kustomization.yaml"}
        assert beside <= named, path


def test_all_workloads_are_there() -> None:
    assert set(pods()) == OURS | {"valkey"}
    assert {found["metadata"]["namespace"] for found in rendered() if found["kind"] != "Namespace"} == {"listino"}


def test_every_pod_is_restricted() -> None:
    for name, pod in pods().items():
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 999, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name


def test_every_container_is_bounded_and_pinned() -> None:
    for name, pod in pods().items():
        for container in pod["containers"]:
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}, name
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
            assert re.fullmatch(r"\d+\.\d+[\w.-]*", container["image"].rpartition(":")[2]), name


def test_every_container_but_a_job_is_probed() -> None:
    for name, pod in pods().items():
        for container in pod["containers"]:
            assert name == "cluster-init" or "livenessProbe" in container, name


@pytest.mark.parametrize("name", list(SERVING))
def test_what_serves_is_asked_whether_it_lives_and_is_ready(name: str) -> None:
    (container,) = pods()[name]["containers"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert container["ports"] == [{"name": "http", "containerPort": SERVING[name]}]


def test_services_and_budgets_meet_the_pods() -> None:
    labels = {
        found["metadata"]["name"]: found["spec"]["template"]["metadata"]["labels"]
        for found in of_kind("Deployment", "StatefulSet", "Job")
    }
    selecting = of_kind("Service", "PodDisruptionBudget")
    assert len(selecting) >= 6
    for found in selecting:
        selector = found["spec"]["selector"].get("matchLabels", found["spec"]["selector"])
        name = found["metadata"]["name"]
        assert selector.items() <= labels[name].items(), name
    for name, given in labels.items():
        assert given["app.kubernetes.io/part-of"] == "listino", name


def test_ingresses_lead_to_services_and_not_to_figures() -> None:
    offered = {found["metadata"]["name"]: found["spec"]["ports"][0]["name"] for found in of_kind("Service")}
    paths = {}
    for ingress in of_kind("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                assert offered[service["name"]] == service["port"]["name"]
                paths.setdefault(service["name"], set()).add(path["path"])
        hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
        assert {host for tls in ingress["spec"]["tls"] for host in tls["hosts"]} == hosts
    assert paths["api"] == {"/products", "/events", "/openapi.json", "/docs"}


def test_network_policies_name_the_ports_that_are_served() -> None:
    ports = {
        policy["metadata"]["name"]: {
            port["port"]
            for rule in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]
            for port in rule.get("ports", [])
        }
        for policy in of_kind("NetworkPolicy")
    }
    assert ports["http"] == set(SERVING.values())
    assert ports["figures"] == {8110}
    assert ports["to-engines"] == {27017, 6379}
    assert ports["to-shops"] == {80, 443}
    (closed,) = (policy for policy in of_kind("NetworkPolicy") if policy["metadata"]["name"] == "closed")
    assert closed["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in closed["spec"]


def test_applications_run_the_roles_that_compose_runs() -> None:
    here = {tuple(container["args"]) for name, pod in pods().items() if name in OURS for container in pod["containers"]}
    # With Percona's operator nobody has to say which shards there are.
    there = {
        tuple(word for word in service["command"] if not word.startswith("--shard="))
        for service in services().values()
        if service["image"].startswith("listino:")
    }
    assert here == there


def test_the_schedule_runs_once() -> None:
    (schedule,) = (found for found in of_kind("Deployment") if found["metadata"]["name"] == "schedule")
    assert schedule["spec"]["replicas"] == 1
    assert schedule["spec"]["strategy"] == {"type": "Recreate"}


def test_the_database_has_the_topology_of_compose() -> None:
    spec = mongo()
    assert {one["name"]: one["size"] for one in spec["replsets"]} == {"shard-1": 3, "shard-2": 3}
    assert spec["sharding"]["enabled"] is True
    assert spec["sharding"]["configsvrReplSet"]["size"] == 3
    assert spec["sharding"]["mongos"]["size"] == 2
    for image in (spec["image"], spec["backup"]["image"]):
        assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", image)
    assert spec["image"].rpartition(":")[2].startswith(services()["mongos-1"]["image"].rpartition(":")[2] + ".")


def test_each_router_has_an_address() -> None:
    spec = mongo()
    assert spec["sharding"]["mongos"]["expose"]["servicePerPod"] is True
    (settings,) = (found for found in of_kind("ConfigMap") if found["metadata"]["name"].startswith("settings-"))
    hosts = [f"listino-mongo-mongos-{number}:27017" for number in range(spec["sharding"]["mongos"]["size"])]
    assert settings["data"]["MONGO_HOSTS"] == ",".join(hosts)


def test_users_have_the_roles_of_compose() -> None:
    script = (DEPLOY / "mongo" / "replica-sets.js").read_text(encoding="utf-8")
    cluster = script.partition("shardSets.forEach(set => {")[0]
    users = re.findall(r"put\(cluster, '(\w+)', '(\w+)', (\[.*?\])\);", cluster, re.DOTALL)
    there = {
        name: (key, sorted([*re.findall(r"role: '(\w+)'", roles), *(["clusterMonitor"] * ("watch" in roles))]))
        for name, key, roles in users
    }
    here = {
        user["name"]: (user["passwordSecretRef"]["key"], sorted(role["name"] for role in user["roles"]))
        for user in mongo()["users"]
    }
    assert len(here) == 3
    assert here == there


def test_secrets_are_referenced_and_never_there() -> None:
    assert of_kind("Secret") == []
    made = set(re.findall(r"^make (\w+)", (DEPLOY / "make-secrets").read_text(encoding="utf-8"), re.MULTILINE))
    mounted: dict[str, set[str]] = {}
    for name, pod in pods().items():
        for volume in pod["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["secretName"] == "listino-secrets", name
                mounted[name] = {item["key"] for item in volume["secret"]["items"]}
    assert set(mounted) == OURS | {"valkey"}
    assert set().union(*mounted.values()) <= made
    assert {name for name, keys in mounted.items() if "mongo_operator_password" in keys} == {"cluster-init"}


def test_variables_point_at_secrets_that_are_mounted() -> None:
    settings: dict[str, Any] = {}
    for found in of_kind("ConfigMap"):
        settings |= found["data"] if found["metadata"]["name"].startswith("settings-") else {}
    for name in OURS:
        (container,) = pods()[name]["containers"]
        given = settings | {one["name"]: one["value"] for one in container["env"]}
        (secrets,) = (volume["secret"] for volume in pods()[name]["volumes"] if "secret" in volume)
        (mount,) = (one["mountPath"] for one in container["volumeMounts"] if one["name"] == "secrets")
        pointed = {value for key, value in given.items() if key.endswith("_FILE")}
        assert pointed == {f"{mount}/{item['path']}" for item in secrets["items"]}, name


def test_yaml_files_parse() -> None:
    found = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
    assert len(found) > 15
    for path in found:
        assert all(isinstance(one, dict) for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))), path
