"""`listino cluster`: the sharded database as the store declares it, how it is, and how it grows."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from listino.cli.platform import progress_on_stderr
from listino.domain.errors import InvalidValue
from listino.local.platform import Platform
from listino.settings import load_settings
from listino.store.client import Store
from listino.store.cluster import ClusterStatus, Share


@click.group(short_help="Make, look at and grow the sharded database.")
def cluster() -> None:
    """Make, look at and grow the sharded database.

    \b
    Example:
      listino cluster init
      listino cluster status
      listino cluster add-shard
    """


@cluster.command(short_help="Make collections, shard keys, validators and indexes.")
@click.option("--shard", "shards", multiple=True, metavar="NAME/HOST:PORT,…", help="A replica set to add as a shard.")
def init(shards: tuple[str, ...]) -> None:
    """Make collections, shard keys, validators and indexes as they are declared; can be run again without harm.

    Collections that do not exist yet are sharded before anything is written. Goes through whichever router
    LISTINO_MONGO_URI names, mongos in production.

    \b
    Example:
      listino cluster init
      LISTINO_MONGO_URI=mongodb://mongos-1:27017 listino cluster init --shard shard-1/a:27018,b:27018,c:27018
    """
    with Store(load_settings()) as store:
        store.ping()
        for servers in shards:
            click.echo(f"{store.add_shard(servers):<14} is a shard")
        store.prepare(lambda name, what: click.echo(f"{name:<14} {what}"))


@cluster.command(short_help="Show servers, routers, and what lies where.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def status(as_json: bool) -> None:
    """Show routers, servers with their state and lag, chunks, documents and bytes of each collection on each shard, and
    what is not as declared (missing indexes, unsharded collections); exit code 1 if anything is wrong.

    \b
    Example:
      listino cluster status
      listino cluster status --json | jq '.shares[] | select(.collection == "products")'
    """
    with Store(load_settings()) as store:
        store.ping()
        found = store.cluster_status()
    if as_json:
        click.echo(json.dumps({"ok": not found.problems, **asdict(found)}, indent=2))
    else:
        _print(found)
    if found.problems:
        sys.exit(1)


@cluster.command("add-shard", short_help="Add a shard; documents move to it by themselves.")
@click.argument("servers", required=False, metavar="[NAME/HOST:PORT,…]")
def add_shard(servers: str | None) -> None:
    """Add a shard to the running cluster; the balancer moves its share of the documents to it while everything goes on.

    Without an argument the platform on this machine starts one more shard of its own. In production start the servers
    of a new replica set first and name them.

    \b
    Example:
      listino cluster add-shard
      LISTINO_MONGO_URI=mongodb://mongos-1:27017 listino cluster add-shard shard-3/mongo-7:27018,mongo-8:27018
    """
    settings = load_settings()
    if servers is None:
        if settings.mongo_uri is not None:
            raise InvalidValue(
                "LISTINO_MONGO_URI names a cluster that somebody else runs: start the new shard's servers there and name "
                "them, like `listino cluster add-shard shard-3/mongo-7:27018,mongo-8:27018`"
            )
        name = Platform(settings).add_shard(progress_on_stderr())
    else:
        with Store(settings) as store:
            store.ping()
            name = store.add_shard(servers)
    click.echo(
        f"{name} is a shard now; `listino cluster status` shows what it holds. Documents move to it once the others hold "
        "three chunks more than it does"
    )


def _print(found: ClusterStatus) -> None:
    console = Console(highlight=False)
    servers = _table("server", "replica set", "state", "lag")
    for router in found.routers:
        state = f"{router.milliseconds:.1f} ms" if router.milliseconds is not None else "[red]unreachable[/red]"
        servers.add_row(router.address, router.program or "router", state, "")
    for member in found.members:
        colour = "green" if member.state in {"primary", "secondary"} else "red"
        lag = "" if member.lag is None or member.state == "primary" else f"{member.lag:.1f} s"
        servers.add_row(member.address, member.replica_set, f"[{colour}]{member.state}[/]", lag)
    console.print(servers)
    console.print(f"\nbalancer: {found.balancer}\n")
    shares = _table("collection", "shard", *_FIGURES, right=_FIGURES)
    totals = _totals(found.shares)
    for share in found.shares:
        part = 100 * share.documents / totals[share.collection] if totals[share.collection] else 0.0
        shares.add_row(
            share.collection,
            share.shard,
            str(share.chunks),
            f"{share.documents:,}",
            f"{part:.1f} %",
            _megabytes(share.data_bytes),
            _megabytes(share.index_bytes),
        )
    console.print(shares)
    for problem in found.problems:
        console.print(f"[red]✗[/red] {problem}", soft_wrap=True)


_FIGURES = ("chunks", "documents", "share", "data", "indexes")


def _table(*titles: str, right: Iterable[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title in right else "left")
    return table


def _totals(shares: Iterable[Share]) -> dict[str, int]:
    """Documents of each collection on all shards."""
    totals: dict[str, int] = defaultdict(int)
    for share in shares:
        totals[share.collection] += share.documents
    return totals


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
