"""Renders the configuration of the load balancer before the API nodes."""

import grp
import os
import pwd
import string
from importlib import resources

from listino.local.engines import HOST
from listino.settings import Settings

API_NODES = ("api-1", "api-2")

# Answered by nginx itself, whatever the nodes behind it do.
HEALTH_PATH = "/nginx-health"


class _Template(string.Template):
    """nginx writes its own variables with a dollar sign, so ours have a percent sign."""

    delimiter = "%"


def nginx_config(settings: Settings) -> str:
    """The text of nginx.conf. All paths in it are relative to the prefix nginx is started with: the run folder."""
    template = resources.files("listino.local").joinpath("nginx.conf.template").read_text(encoding="utf-8")
    return _Template(template).substitute(
        user=_user(),
        host=HOST,
        port=settings.port("nginx"),
        health_path=HEALTH_PATH,
        nodes="\n        ".join(
            f"server {HOST}:{settings.port(node)} max_fails=3 fail_timeout=1s;" for node in API_NODES
        ),
    )


def _user() -> str:
    """Started as root, nginx would run its workers as nobody, who may not enter the state folder; as an ordinary user
    it warns about the directive."""
    if os.geteuid() != 0:
        return ""
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};"
