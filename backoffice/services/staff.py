"""The people of the back office: what administrators see of them and change. Each change is in the audit log."""

from collections.abc import Callable
from dataclasses import dataclass

from backoffice import signed_in, trail
from backoffice.engines import engines
from backoffice.lists import Slice, sliced
from listino.domain.audit import StaffAction
from listino.domain.errors import AccountNotFound, OwnRights
from listino.store.staff import StaffMember
from listino.store.staff_sessions import StaffSession
from listino.store.tokens import Token


@dataclass(frozen=True, slots=True)
class OneTime:
    """An account and its one-time password, which is kept nowhere."""

    member: StaffMember
    password: str


def everybody() -> list[StaffMember]:
    """All accounts, by address."""
    return engines().store.staff.everybody()


def page(*, after: str | None, count: int) -> Slice[StaffMember]:
    """The accounts behind the address `after`."""
    found = [member for member in everybody() if after is None or member.email > after]
    return sliced(found, count=count, after=lambda last: last.email)


def known(email: str) -> StaffMember:
    """Raises AccountNotFound."""
    member = engines().store.staff.get(email)
    if member is None:
        raise AccountNotFound(f"{email!r} has no account")
    return member


def sessions(member: StaffMember) -> list[StaffSession]:
    """Where the member is signed in, those used last first."""
    return engines().store.staff_sessions.of(member.email, idle=signed_in.idle())


def tokens(member: StaffMember) -> list[Token]:
    """The member's tokens, the newest first."""
    return engines().store.tokens.of(member.email)


def add(email: str, role: str) -> OneTime:
    """A new account; raises InvalidValue, also where the address has one."""
    made = OneTime(*engines().store.staff.add(email, role))
    trail.record(StaffAction.STAFF_ADDED, made.member.subject, after=made.member.told)
    return made


def change_role(email: str, role: str, *, by: StaffMember) -> StaffMember:
    """Raises InvalidValue for no such role, and as the others below AccountNotFound and OwnRights."""
    staff = engines().store.staff
    return _changed(StaffAction.ROLE_CHANGED, email, by, lambda address: staff.change_role(address, role))


def disable(email: str, *, by: StaffMember) -> StaffMember:
    """Nobody signs in with the account any more; its sessions and tokens end at once."""

    def change(address: str) -> StaffMember:
        after = engines().store.staff.disable(address)
        _end_all(after)
        return after

    return _changed(StaffAction.STAFF_DISABLED, email, by, change)


def enable(email: str, *, by: StaffMember) -> StaffMember:
    """The account opens again, with the password that it had."""
    return _changed(StaffAction.STAFF_ENABLED, email, by, engines().store.staff.enable)


def reset_two_factor(email: str, *, by: StaffMember) -> StaffMember:
    """For who has lost telephone and recovery codes: the password alone opens the account, until it is set up anew."""

    def change(address: str) -> StaffMember:
        after = engines().store.staff.reset_two_factor(address)
        engines().store.staff_sessions.end_all(address)
        return after

    return _changed(StaffAction.TWO_FACTOR_RESET, email, by, change)


def reset_password(email: str, *, by: StaffMember) -> OneTime:
    """A one-time password in the place of the account's own; its sessions and tokens end at once."""
    before = _another(email, by)
    made = OneTime(*engines().store.staff.reset_password(before.email))
    _end_all(made.member)
    trail.record(StaffAction.PASSWORD_RESET, made.member.subject, before=before.told, after=made.member.told)
    return made


def end_sessions(email: str, *, session_id: str | None = None) -> int:
    """Signs the person out, of one session or everywhere; returns how many there were. Raises AccountNotFound."""
    member, kept = known(email), engines().store.staff_sessions
    ended = int(kept.end(member.email, session_id)) if session_id else kept.end_all(member.email)
    trail.record(StaffAction.SESSION_REVOKED, member.subject, detail={"sessions": ended})
    return ended


def revoke_token(email: str, token_id: str) -> bool:
    """Whether the person had such a token; it opens nothing any more. Raises AccountNotFound."""
    member = known(email)
    revoked = engines().store.tokens.revoke(member.email, token_id)
    if revoked:
        trail.record(StaffAction.TOKEN_REVOKED, member.subject, before={"token": token_id})
    return revoked


def _another(email: str, by: StaffMember) -> StaffMember:
    """The account, unless it is the own one."""
    member = known(email)
    if member.email == by.email:
        raise OwnRights("nobody changes their own rights: another administrator has to do that")
    return member


def _changed(action: StaffAction, email: str, by: StaffMember, change: Callable[[str], StaffMember]) -> StaffMember:
    """The account of somebody else after the change of its address, which is in the log."""
    before = _another(email, by)
    after = change(before.email)
    trail.record(action, after.subject, before=before.told, after=after.told)
    return after


def _end_all(member: StaffMember) -> None:
    engines().store.staff_sessions.end_all(member.email)
    engines().store.tokens.revoke_all(member.email)
