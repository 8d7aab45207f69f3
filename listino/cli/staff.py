"""`listino staff`: who may use the back office."""

import getpass
import json
import os
import sys
from typing import Any

import click

from listino.domain.audit import StaffAction, staff_entry
from listino.domain.errors import InvalidValue
from listino.settings import load_settings
from listino.store.client import Store
from listino.store.staff import ONE_TIME, ROLES, StaffMember


@click.group(short_help="Manage who may use the back office.")
def staff() -> None:
    """Manage who may use the back office.

    Whatever is changed is in the audit log, with the name of the user of this machine. docs/staff.md tells more.

    \b
    Example:
      listino staff add anna@example.com --role agent
      listino staff list
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
        before = store.staff.get(email)
        member = store.staff.put(email, chosen, role)
        _record(store, StaffAction.STAFF_ADDED if before is None else StaffAction.PASSWORD_RESET, before, member)
    click.echo(f"{member.email} may use the back office as {member.role}")


@staff.command("list", short_help="Show who may use the back office.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON array on standard output.")
def list_(as_json: bool) -> None:
    """Show all accounts: address, role, state, second factor, when last signed in.

    \b
    Example:
      listino staff list
      listino staff list --json
    """
    with Store(load_settings()) as store:
        store.ping()
        people = [_shown(member) for member in store.staff.everybody()]
    if as_json:
        click.echo(json.dumps(people, indent=2))
        return
    for one in people:
        factor = "two factors" if one["two_factor"] else "password"
        seen = f"last signed in {one['last_login_at']}" if one["last_login_at"] else "never signed in"
        click.echo(f"{one['email']:<32} {one['role']:<8} {one['state']:<18} {factor:<12} {seen}")


@staff.command(short_help="Let nobody sign in with an account.")
@click.argument("email")
@click.option("--undo", is_flag=True, help="Let its owner sign in again.")
def disable(email: str, undo: bool) -> None:
    """Disable the account EMAIL: its sessions and tokens end at once. It stays, for the audit log names it.

    \b
    Example:
      listino staff disable anna@example.com
      listino staff disable anna@example.com --undo
    """
    with Store(load_settings()) as store:
        store.ping()
        before = store.staff.get(email)
        after = store.staff.enable(email) if undo else store.staff.disable(email)
        if not undo:
            _end_all(store, after)
        _record(store, StaffAction.STAFF_ENABLED if undo else StaffAction.STAFF_DISABLED, before, after)
    click.echo(f"{after.email} {'may sign in again' if undo else 'cannot sign in any more'}")


@staff.command(short_help="Make a one-time password for an account.")
@click.argument("email")
@click.option("--second-factor", is_flag=True, help="Take its second factor away, too: its owner sets it up anew.")
def reset(email: str, second_factor: bool) -> None:
    """Give the account EMAIL a one-time password, which is shown once and changed at the next login.

    Its sessions and tokens end at once.

    \b
    Example:
      listino staff reset anna@example.com
      listino staff reset anna@example.com --second-factor
    """
    with Store(load_settings()) as store:
        store.ping()
        before = store.staff.get(email)
        after, password = store.staff.reset_password(email)
        _end_all(store, after)
        _record(store, StaffAction.PASSWORD_RESET, before, after)
        if second_factor:
            _record(store, StaffAction.TWO_FACTOR_RESET, after, store.staff.reset_two_factor(email))
    click.echo(f"One-time password of {after.email}, for {ONE_TIME.days} days:", err=True)
    click.echo(password)


def _end_all(store: Store, member: StaffMember) -> None:
    store.staff_sessions.end_all(member.email)
    store.tokens.revoke_all(member.email)


def _record(store: Store, action: StaffAction, before: StaffMember | None, after: StaffMember) -> None:
    entry = staff_entry(
        action,
        after.subject,
        by=f"command:{_user()}",
        origin=None,
        before=before.told if before else None,
        after=after.told,
    )
    store.audit.add(entry)


def _user() -> str:
    """Who gives the command; in a container it may be a number without a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _shown(member: StaffMember) -> dict[str, Any]:
    state = "disabled" if member.disabled_at else "one-time password" if member.must_change else "active"
    return {
        "email": member.email,
        "role": member.role,
        "state": state,
        "two_factor": member.two_factor,
        "created_at": member.created_at.isoformat(timespec="seconds"),
        "last_login_at": member.last_login_at.isoformat(timespec="seconds") if member.last_login_at else None,
    }


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
