"""The people of the back office, for its administrators."""

from typing import Annotated, Literal

from flask import abort, g
from pydantic import Field

from backoffice import trail
from backoffice.access import requires
from backoffice.api.operation import operation, subject
from backoffice.api.shapes import ListQuery, Moment, Page, Sent, Told
from backoffice.services import staff
from backoffice.services.staff import OneTime
from listino.store.staff import LONGEST_ADDRESS, StaffMember, subject_of

blueprint = subject("staff", "/staff", __name__)

Email = Annotated[str, Field(max_length=LONGEST_ADDRESS, examples=["anna@example.com"])]
Role = Literal["agent", "manager", "admin"]


class Account(Told):
    """A member of the staff."""

    email: Email
    role: Role
    created_at: Moment
    last_login_at: Moment | None
    disabled_at: Moment | None
    two_factor: bool
    must_change: Annotated[bool, Field(description="The password is a one-time one.")]


class Session(Told):
    """Where somebody is signed in. `verified`: the second factor was given."""

    id: str
    begun_at: Moment
    seen_at: Moment
    until: Moment
    origin: Annotated[str, Field(description="The network address.")]
    agent: Annotated[str, Field(description="What the browser says it is.")]
    verified: bool


class ProgramToken(Told):
    """A token of somebody's program; its text is kept nowhere."""

    id: str
    name: str
    scopes: list[str]
    created_at: Moment
    until: Moment
    used_at: Moment | None


class Sessions(Told):
    """All sessions of one person, those used last first."""

    items: list[Session]


class Tokens(Told):
    """All tokens of one person, the newest first."""

    items: list[ProgramToken]


class NewAccount(Sent):
    """Who comes."""

    email: Email
    role: Role


class NewRole(Sent):
    """What the person may do from now on."""

    role: Role


class WithPassword(Told):
    """The account, and its one-time password, which is told this once."""

    account: Account
    one_time_password: str


class Ended(Told):
    """How many sessions there were."""

    sessions: int


@blueprint.get("")
@requires("admin", scopes=("read",))
@operation()
def people(query: ListQuery) -> Page[Account]:
    """List the staff"""
    found = staff.page(after=query.after, count=query.count)
    return Page[Account].of(found, _account)


@blueprint.post("")
@requires("admin", scopes=("write",))
@operation(status=201)
def add(body: NewAccount) -> WithPassword:
    """Add a member of the staff"""
    return _with_password(staff.add(body.email, body.role))


@blueprint.get("/<email>")
@requires("admin", scopes=("read",))
@operation(problems=(404,))
def one(email: Email) -> Account:
    """Read one account"""
    return _account(staff.known(email))


@blueprint.post("/<email>/role")
@requires("admin", scopes=("write",))
@operation(problems=(404,))
def change_role(email: Email, body: NewRole) -> Account:
    """Change somebody's role"""
    return _account(staff.change_role(email, body.role, by=g.member))


@blueprint.post("/<email>/disable")
@requires("admin", scopes=("write",))
@operation(problems=(404,))
def disable(email: Email) -> Account:
    """Disable an account

    Its sessions and tokens end at once."""
    return _account(staff.disable(email, by=g.member))


@blueprint.post("/<email>/enable")
@requires("admin", scopes=("write",))
@operation(problems=(404,))
def enable(email: Email) -> Account:
    """Enable an account"""
    return _account(staff.enable(email, by=g.member))


@blueprint.post("/<email>/reset-password")
@requires("admin", scopes=("write",))
@operation(problems=(404,))
def reset_password(email: Email) -> WithPassword:
    """Reset somebody's password

    Sessions and tokens of the account end at once."""
    return _with_password(staff.reset_password(email, by=g.member))


@blueprint.post("/<email>/reset-two-factor")
@requires("admin", scopes=("write",))
@operation(problems=(404,))
def reset_two_factor(email: Email) -> Account:
    """Remove somebody's second factor"""
    return _account(staff.reset_two_factor(email, by=g.member))


@blueprint.get("/<email>/sessions")
@requires("admin", scopes=("read",))
@trail.shows_personal_data(subject_of)
@operation(problems=(404,))
def sessions(email: Email) -> Sessions:
    """List somebody's sessions

    The look is in the audit log."""
    found = staff.sessions(staff.known(email))
    return Sessions(items=[Session.model_validate(one) for one in found])


@blueprint.delete("/<email>/sessions")
@requires("admin", scopes=("write",))
@operation(problems=(404,))
def end_sessions(email: Email) -> Ended:
    """Sign somebody out everywhere"""
    return Ended(sessions=staff.end_sessions(email))


@blueprint.delete("/<email>/sessions/<session_id>")
@requires("admin", scopes=("write",))
@operation(problems=(404,))
def end_session(email: Email, session_id: str) -> Ended:
    """Sign somebody out of one session"""
    return Ended(sessions=staff.end_sessions(email, session_id=session_id))


@blueprint.get("/<email>/tokens")
@requires("admin", scopes=("read",))
@operation(problems=(404,))
def tokens(email: Email) -> Tokens:
    """List somebody's tokens"""
    found = staff.tokens(staff.known(email))
    return Tokens(items=[ProgramToken.model_validate(one) for one in found])


@blueprint.delete("/<email>/tokens/<token_id>")
@requires("admin", scopes=("write",))
@operation(problems=(404,))
def revoke_token(email: Email, token_id: str) -> None:
    """Revoke a token"""
    if not staff.revoke_token(email, token_id):
        abort(404)


def _account(member: StaffMember) -> Account:
    return Account.model_validate(member)


def _with_password(made: OneTime) -> WithPassword:
    return WithPassword(account=_account(made.member), one_time_password=made.password)
