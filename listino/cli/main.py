"""The `listino` command: finds the noun that was asked for, and turns our errors into one line and an exit code."""

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from types import MappingProxyType
from typing import NoReturn

import click

from listino.domain.errors import (
    EngineUnavailable,
    InvalidSettings,
    InvalidShop,
    InvalidValue,
    ListinoError,
    UnknownMarket,
    UnknownShop,
)

FAILED = 1
USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count

# Drivers whose errors may reach this far: an engine that went away in the middle of a command.
_ENGINES = {"pymongo": "MongoDB", "redis": "Redis"}

# What was typed or set is wrong, so nothing was tried.
_USAGE_ERRORS = (UnknownMarket, UnknownShop, InvalidShop, InvalidSettings, InvalidValue)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that is imported only when it is run; `summary` is its line in `listino --help`."""

    target: str  # module:function
    summary: str


COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "up": Entry("listino.cli.platform:up", "Start the platform on this machine."),
        "down": Entry("listino.cli.platform:down", "Stop the platform on this machine."),
        "status": Entry("listino.cli.platform:status", "Show how each part of the platform is."),
        "check": Entry("listino.cli.check:check", "Find what keeps Listino from running here."),
        "demo": Entry("listino.cli.demo:demo", "Start everything, crawl four shops, show a live price."),
        "crawl": Entry("listino.cli.crawl:crawl", "Crawl the shops of a market."),
        "shops": Entry("listino.cli.shops:shops", "Find out what a shop runs, try its declaration, take it off sale."),
        "import": Entry("listino.cli.imports:import_", "Import a catalogue of six CSV files."),
        "make-dataset": Entry("listino.cli.make_dataset:make_dataset", "Write a made-up catalogue to import."),
        "price": Entry("listino.cli.price:price", "Ask a product's shop for its price now."),
        "worker": Entry("listino.cli.worker:worker", "Ask shops for live prices, with several processes."),
        "live": Entry("listino.cli.live:live", "Look after live prices."),
        "extract": Entry("listino.cli.extract:extract", "Read the offer out of a page."),
        "cluster": Entry("listino.cli.cluster:cluster", "Make, look at and grow the sharded database."),
        "staff": Entry("listino.cli.staff:staff", "Manage who may use the back office."),
    }
)


# Other names that people try; `listino --help` does not list them.
ALIASES: Mapping[str, str] = MappingProxyType({"shop": "shops"})


class _LazyGroup(click.Group):
    """A group whose commands live in modules that may be slow to import, or not be there."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, entry in COMMANDS.items() if find_spec(_module(entry)) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(ALIASES.get(cmd_name, cmd_name))
        if entry is None or find_spec(_module(entry)) is None:
            return None
        importlib.import_module("listino.logs").configure_command_logs()
        command: click.Command = getattr(importlib.import_module(_module(entry)), entry.target.partition(":")[2])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].summary) for name in self.list_commands(ctx)])


def _module(entry: Entry) -> str:
    return entry.target.partition(":")[0]


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"listino {version('listino')}")
        ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def listino() -> None:
    """Live price lists for dropshippers.

    Settings come from the environment (LISTINO_...) or a .env file.

    \b
    Example:
      listino up
      listino crawl it
      listino price it:bottega:3020
    """


def _other_ports() -> str | None:
    """What to say when the platform of this state folder runs, on other ports than those of the settings."""
    if find_spec("supervisor") is None:
        return None  # an image without the platform for one machine
    from listino.local.platform import Platform
    from listino.settings import PORT_OFFSETS, load_settings

    settings = load_settings()
    if settings.mongo_uri is not None or settings.redis_url is not None:
        return None
    try:
        ports = {part.name: part.port for part in Platform(settings).status() if part.port is not None}
    except ListinoError:
        return None
    base = next((ports[name] - PORT_OFFSETS[name] for name in ("router-1", "redis") if name in ports), None)
    if base is None or base == settings.port_base:
        return None
    return f"the platform in {settings.state_dir} runs from port {base}: set LISTINO_PORT_BASE={base}"


def main() -> NoReturn:
    """The console script. Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 interrupted."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command line and gives its exit code; errors are one line each on standard error."""
    try:
        answer = listino.main(arguments, prog_name="listino", standalone_mode=False)
    except ListinoError as error:
        for line in str(error).splitlines():
            click.echo(line if line.startswith(" ") else f"listino: {line}", err=True)
        if isinstance(error, EngineUnavailable) and (hint := _other_ports()) is not None:
            click.echo(f"listino: {hint}", err=True)
        return USAGE if isinstance(error, _USAGE_ERRORS) else FAILED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("listino: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; what is still buffered would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        engine = _ENGINES.get(type(error).__module__.partition(".")[0])
        if engine is None:
            raise
        click.echo(f"listino: {engine}: {str(error).partition(', full error')[0][:300]}", err=True)
        return FAILED
    return answer if isinstance(answer, int) else 0
