"""The files of `deploy/` as the tests look at them."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
OVERLAY = DEPLOY / "kubernetes" / "overlays" / "production"

Document = dict[str, Any]

# Settings that entrypoint.py makes of secret files.
FROM_FILES = {"LISTINO_SECRET_KEY_FILE"}


def files() -> list[Path]:
    """All files of ours in `deploy/`; secrets that somebody made are none of ours."""
    return sorted(
        path
        for path in DEPLOY.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not (path.parent.name == "secrets" and path.name not in ("README.md", ".gitignore"))
    )


@cache
def compose() -> Document:
    return document(DEPLOY / "compose.yaml")


def services() -> dict[str, Document]:
    found: dict[str, Document] = compose()["services"]
    return found


def document(path: Path) -> Document:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict), path
    return loaded


@cache
def rendered() -> tuple[Document, ...]:
    """What the production overlay comes to; skips the test where there is no kubectl to ask."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not on PATH: kustomizations cannot be rendered")
    done = subprocess.run([kubectl, "kustomize", str(OVERLAY)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(found for found in yaml.safe_load_all(done.stdout) if found)


def of_kind(*kinds: str) -> list[Document]:
    return [found for found in rendered() if found["kind"] in kinds]


def pods() -> dict[str, Document]:
    """The pod specification of every workload, by the workload's name."""
    return {
        found["metadata"]["name"]: found["spec"]["template"]["spec"]
        for found in of_kind("Deployment", "StatefulSet", "Job")
    }


def variables(text: str) -> set[str]:
    """The LISTINO_ variables a text names."""
    return set(re.findall(r"\bLISTINO_[A-Z_]*[A-Z]\b", text))


def strings(value: object) -> Iterator[str]:
    """Every text in a document, keys too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


@cache
def module(name: str) -> ModuleType:
    """A program of `deploy/`, which is no package."""
    spec = importlib.util.spec_from_file_location(f"deploy_{name}", DEPLOY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
