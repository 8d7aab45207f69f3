"""`listino cluster`: the database as the store declares it."""

import click

from listino.settings import load_settings
from listino.store.client import Store


@click.group(short_help="Bring the database into the shape the store declares.")
def cluster() -> None:
    """Bring the database into the shape the store declares.

    \b
    Example:
      listino cluster init
    """


@cluster.command(short_help="Make collections, shard keys, validators and indexes.")
def init() -> None:
    """Make collections, shard keys, validators and indexes as they are declared; can be run again without harm.

    On a sharded cluster (through mongos) collections that do not exist yet are sharded before anything is written.

    \b
    Example:
      LISTINO_MONGO_URI=mongodb://router:27017 listino cluster init
    """
    with Store(load_settings()) as store:
        store.ping()
        store.prepare(lambda name, what: click.echo(f"{name:<14} {what}"))
