"""Static files: ours, and htmx from its package. Each address carries a version, so that browsers may keep the file."""

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, current_app, url_for


def htmx_blueprint() -> Blueprint:
    """Serves htmx; raises FileNotFoundError where the package is missing.

    The package is a Django application, so it is found on disk and never imported.
    """
    spec = find_spec("js_lib_htmx")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("django-js-lib-htmx is not installed")
    folder = Path(spec.origin).parent / "static" / "htmx"
    return Blueprint("htmx", __name__, static_folder=str(folder), static_url_path="/htmx")


def asset_url(endpoint: str, filename: str) -> str:
    """The address of a static file with its version."""
    if endpoint == "static":
        return url_for("static", filename=filename, v=_digest(Path(current_app.static_folder or "") / filename))
    package = {"bootstrap.static": "bootstrap-flask", "htmx.static": "django-js-lib-htmx"}[endpoint]
    return url_for(endpoint, filename=filename, v=_version(package))


@cache
def _version(package: str) -> str:
    return version(package)


@cache
def _digest(file: Path) -> str:
    return hashlib.blake2b(file.read_bytes(), digest_size=6).hexdigest()
