"""`listino staff`: who may use the back office."""

import os
import sys

import click

from listino.domain.errors import InvalidValue
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
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
def add(email: str, role: str, password: str | None, password_stdin: bool) -> None:
    """Add the account EMAIL, or set its password and role anew.

    \b
    Example:
      listino staff add anna@example.com --role manager
      pass show listino/anna | listino staff add anna@example.com --password-stdin
    """
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not password and not _can_ask():
        raise InvalidValue(
            "there is no terminal to ask for the password on: "
            "set LISTINO_STAFF_PASSWORD, or hand it over on standard input with --password-stdin"
        )
    with Store(load_settings()) as store:
        store.ping()
        store.prepare()
        chosen = password if password is not None else _asked()
        member = store.staff.put(email, chosen, role)
    click.echo(f"{member.email} may use the back office as {member.role}")


def _asked() -> str:
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def _can_ask() -> bool:
    """Whether somebody can type without being read over the shoulder: passwords are asked on the terminal itself."""
    if sys.stdin.isatty():
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
