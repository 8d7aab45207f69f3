"""`listino staff`: who may use the back office."""

import click

from listino.settings import load_settings
from listino.store.client import Store
from listino.store.staff import ROLES


@click.group(short_help="Manage who may use the back office.")
def staff() -> None:
    """Manage who may use the back office.

    \b
    Example:
      listino staff add anna@example.com --role agent
    """


@staff.command(short_help="Add an account, or set its password and role anew.")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True, help="What the account may do.")
@click.option(
    "--password", envvar="LISTINO_STAFF_PASSWORD", help="Asked for when not given (or LISTINO_STAFF_PASSWORD)."
)
def add(email: str, role: str, password: str | None) -> None:
    """Add the account EMAIL, or set its password and role anew.

    \b
    Example:
      listino staff add anna@example.com --role manager
    """
    with Store(load_settings()) as store:
        store.ping()
        store.prepare()
        chosen = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
        member = store.staff.put(email, chosen, role)
    click.echo(f"{member.email} may use the back office as {member.role}")
