"""Alerts and dashboard ask for figures that the code has."""

import json
import re
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, document, module, services

from api.metrics import Metrics
from backoffice.telemetry import Metrics as BackofficeMetrics


def expressions() -> dict[str, str]:
    """Every PromQL expression, by the alert or panel it is of."""
    rules = [rule for group in document(DEPLOY / "prometheus" / "alerts.yml")["groups"] for rule in group["rules"]]
    panels = json.loads((DEPLOY / "grafana" / "listino.json").read_text(encoding="utf-8"))["panels"]
    return {
        **{rule["alert"]: rule["expr"] for rule in rules},
        **{f"{panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel["targets"]},
    }


def exposed() -> dict[str, set[str]]:
    """The names of all samples the applications expose, each with its labels."""
    registries: list[CollectorRegistry] = [Metrics()._registry, BackofficeMetrics().registry]
    found: dict[str, set[str]] = {}
    for registry in registries:
        for collector in registry._collector_to_names:
            labels = set(getattr(collector, "_labelnames", ()))
            for name in registry._collector_to_names[collector]:
                found[name] = labels | {"le", "job", "instance"}
    return found


def test_there_are_alerts_and_panels() -> None:
    assert len(expressions()) > 12


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
    ports = {"api": entrypoint.API_PORT, "backoffice": entrypoint.BACKOFFICE_PORT}
    jobs = document(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    assert {job["job_name"] for job in jobs} == set(ports)
    for job in jobs:
        for target in job["static_configs"][0]["targets"]:
            name, _, port = target.partition(":")
            assert name in services()
            assert int(port) == ports[job["job_name"]]


def test_rule_files_exist() -> None:
    for name in document(DEPLOY / "prometheus" / "prometheus.yml")["rule_files"]:
        assert (DEPLOY / "prometheus" / name).is_file()
