"""Alerts and dashboard ask for figures that the code has."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, document, module, services

from api.metrics import Metrics
from backoffice.telemetry import Metrics as BackofficeMetrics
from listino.shops.folder import ShopsFolder
from listino.shops.labels import ShopLabels
from workers.metrics import WorkerMetrics

METRICS_PAGE = DEPLOY.parent / "docs" / "metrics.md"


def expressions() -> dict[str, str]:
    """Every PromQL expression, by the alert or panel it is of."""
    rules = [rule for group in document(DEPLOY / "prometheus" / "alerts.yml")["groups"] for rule in group["rules"]]
    panels = json.loads((DEPLOY / "grafana" / "listino.json").read_text(encoding="utf-8"))["panels"]
    return {
        **{rule["alert"]: rule["expr"] for rule in rules},
        **{f"{panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel["targets"]},
    }


def registries() -> list[CollectorRegistry]:
    shop_of = ShopLabels(ShopsFolder(Path("/nowhere")))
    return [Metrics(shop_of)._registry, BackofficeMetrics().registry, WorkerMetrics(shop_of).registry]


def exposed() -> dict[str, set[str]]:
    """The names of all samples the applications expose, each with its labels."""
    found: dict[str, set[str]] = {}
    for registry in registries():
        for collector in registry._collector_to_names:
            labels = set(getattr(collector, "_labelnames", ()))
            for name in registry._collector_to_names[collector]:
                found[name] = labels | {"le", "job", "instance"}
    return found


def test_there_are_alerts_and_panels() -> None:
    assert len(expressions()) > 12


def test_errors_of_shoppers_are_not_mixed_with_what_programs_of_ours_ask() -> None:
    mixed = {where: text for where, text in expressions().items() if '_api_request_seconds_count{status=~"5..' in text}
    assert len(mixed) == 2
    for where, text in mixed.items():
        excluded = re.findall(r'route!(?:=|~)"([^"]+)"', text)
        assert len(excluded) == 2, where
        assert all("/readyz" in routes.split("|") for routes in excluded), where


def test_figures_asked_for_are_exposed() -> None:
    known = exposed()
    for where, expression in expressions().items():
        names = set(re.findall(r"\blistino_\w+", expression))
        assert names <= set(known), where
        assert names or "up{" in expression, where
        labels = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)\s*\"", expression))
        for by in re.findall(r"by \(([\w, ]+)\)", expression):
            labels |= set(by.replace(",", " ").split())
        allowed = set().union(*(known[name] for name in names)) if names else {"job"}
        assert labels <= allowed, where


def test_expressions_are_promql() -> None:
    parser = pytest.importorskip("promql_parser", reason="expressions are parsed by the package promql-parser")
    for expression in expressions().values():
        parser.parse(expression)


def test_what_is_scraped_is_served() -> None:
    entrypoint = module("entrypoint")
    ports = {
        "api": entrypoint.API_PORT,
        "backoffice": entrypoint.BACKOFFICE_PORT,
        "worker-live": entrypoint.WORKER_PORT,
    }
    jobs = document(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    assert {job["job_name"] for job in jobs} == set(ports)
    for job in jobs:
        (found,) = (job[kind][0] for kind in ("static_configs", "dns_sd_configs") if kind in job)
        targets = found.get("targets") or [f"{name}:{found['port']}" for name in found["names"]]
        assert targets, job
        for target in targets:
            name, _, port = target.partition(":")
            assert name in services()
            assert int(port) == ports[job["job_name"]]


def test_rule_files_exist() -> None:
    for name in document(DEPLOY / "prometheus" / "prometheus.yml")["rule_files"]:
        assert (DEPLOY / "prometheus" / name).is_file()


def test_annotations_name_the_ports_that_are_served() -> None:
    entrypoint = module("entrypoint")
    served = {
        "api": entrypoint.API_PORT,
        "backoffice": entrypoint.BACKOFFICE_PORT,
        "worker-live": entrypoint.WORKER_PORT,
    }
    found = {}
    for path in (DEPLOY / "kubernetes" / "base" / "applications").glob("*.yaml"):
        for one in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            template = one.get("spec", {}).get("template", {}) if one["kind"] in ("Deployment", "StatefulSet") else {}
            if given := template.get("metadata", {}).get("annotations", {}):
                (container,) = template["spec"]["containers"]
                assert given["prometheus.io/scrape"] == "true"
                assert int(given["prometheus.io/port"]) in {port["containerPort"] for port in container["ports"]}
                found[one["metadata"]["name"]] = int(given["prometheus.io/port"])
    assert found == served


def test_the_page_names_every_metric_with_its_labels_and_type() -> None:
    rows = re.findall(
        r"^\| `(listino_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \| .+ \|$", METRICS_PAGE.read_text("utf-8"), re.MULTILINE
    )
    documented = {(name, kind, *sorted(re.findall(r"`(\w+)`", labels))) for name, kind, _, labels in rows}
    declared = set()
    for registry in registries():
        for collector in registry._collector_to_names:
            if hasattr(collector, "_labelnames"):
                (family,) = collector.describe()
                name = family.name + ("_total" if family.type == "counter" else "")
                declared.add((name, family.type, *sorted(collector._labelnames)))
    assert len(declared) > 7
    assert documented == declared
    assert len(rows) == len(documented)
