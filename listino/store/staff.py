"""The people who may use the back office. Passwords are kept as argon2 hashes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue
from listino.store.collections import STAFF
from listino.store.passwords import Passwords, check_password, fingerprint, one_time_password

ROLES = ("agent", "manager", "admin")
ONE_TIME = timedelta(days=3)  # over a weekend; who comes later asks for another one
LONGEST_ADDRESS = 254
MOST_LISTED = 1000

_DROPPED_WITH_ONE_TIME = {"one_time_until": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """`credential` names the present password without telling it: sessions begun with another one are over.

    `must_change`: the password is a one-time one. `sealed_totp`: the secret of the second factor, None for none;
    `pending_totp`: one that is being set up. `recovery_codes`: how many are left. `language`: the code of the one that
    was chosen, None until then.
    """

    email: str
    role: str
    created_at: datetime
    credential: str = ""
    must_change: bool = False
    disabled_at: datetime | None = None
    last_login_at: datetime | None = None
    sealed_totp: str | None = None
    pending_totp: str | None = None
    recovery_codes: int = 0
    language: str | None = None

    @property
    def two_factor(self) -> bool:
        return self.sealed_totp is not None

    @property
    def subject(self) -> str:
        """What the audit log calls the account."""
        return subject_of(self.email)

    @property
    def told(self) -> dict[str, Any]:
        """What the audit log tells of the account before and after a change."""
        return {
            "role": self.role,
            "disabled": self.disabled_at is not None,
            "two_factor": self.two_factor,
            "one_time_password": self.must_change,
        }


class Staff:
    """Staff accounts by e-mail address, which is compared without case."""

    def __init__(self, database: Database) -> None:
        self._staff = database[STAFF.name]
        self._passwords = Passwords()

    def put(self, email: str, password: str, role: str) -> StaffMember:
        """Adds the account or sets its password and role, and enables it; raises InvalidValue.

        A new password ends the account's sessions; the same one given again leaves them.
        """
        address = _address(email)
        _check_role(role)
        check_password(password, email=address)
        before = self._staff.find_one({"_id": address})
        same = before is not None and self._passwords.right(before["password_hash"], password)
        password_hash = before["password_hash"] if before and same else self._passwords.hashed(password)
        self._staff.update_one(
            {"_id": address},
            {
                "$set": {"password_hash": password_hash, "role": role},
                "$unset": {"one_time_until": "", "disabled_at": ""},
                "$setOnInsert": {"created_at": utc_now()},
            },
            upsert=True,
        )
        return self._found(address)

    def add(self, email: str, role: str) -> tuple[StaffMember, str]:
        """A new account and its one-time password; raises InvalidValue, also where the address has an account."""
        address, password = _address(email), one_time_password()
        _check_role(role)
        at = utc_now()
        account = {"password_hash": self._passwords.hashed(password), "role": role, "created_at": at}
        try:
            self._staff.insert_one({"_id": address, **account, "one_time_until": at + ONE_TIME})
        except DuplicateKeyError:
            raise InvalidValue(f"{address} has an account already") from None
        return self._found(address), password

    def get(self, email: str) -> StaffMember | None:
        document = self._staff.find_one({"_id": email.strip().lower()})
        return _member(document) if document else None

    def everybody(self) -> list[StaffMember]:
        """All accounts by address, MOST_LISTED of them."""
        return [_member(document) for document in self._staff.find().sort("_id", 1).limit(MOST_LISTED)]

    def authenticate(self, email: str, password: str) -> StaffMember | None:
        """The member with that address and password; None for either being wrong, for a disabled account and for a
        one-time password that is too old, without telling which, and in the same time."""
        document = self._staff.find_one({"_id": email.strip().lower()})
        if not self._passwords.right(document["password_hash"] if document else None, password) or document is None:
            return None
        until = document.get("one_time_until")
        late = until is not None and until < utc_now()
        return None if late or document.get("disabled_at") else _member(document)

    def signed_in(self, email: str, at: datetime) -> None:
        """Notes when the account was last used."""
        self._staff.update_one({"_id": email}, {"$set": {"last_login_at": at}})

    def reads(self, email: str, language: str) -> None:
        """Notes in which language the account's pages are to be, by its code."""
        self._staff.update_one({"_id": email}, {"$set": {"language": language}})

    def change_role(self, email: str, role: str) -> StaffMember:
        """Raises InvalidValue for no such role or account."""
        _check_role(role)
        return self._change(email, {"$set": {"role": role}})

    def disable(self, email: str) -> StaffMember:
        """Nobody signs in with the account until it is enabled. Raises InvalidValue for no such account."""
        return self._change(email, {"$set": {"disabled_at": utc_now()}})

    def enable(self, email: str) -> StaffMember:
        """Raises InvalidValue for no such account."""
        return self._change(email, {"$unset": {"disabled_at": ""}})

    def reset_password(self, email: str) -> tuple[StaffMember, str]:
        """A one-time password in the place of the account's own; raises InvalidValue for no such account."""
        password = one_time_password()
        change = {"password_hash": self._passwords.hashed(password), "one_time_until": utc_now() + ONE_TIME}
        return self._change(email, {"$set": change}), password

    def change_password(self, email: str, present: str, wanted: str) -> StaffMember:
        """Raises InvalidValue where `present` is not the password, or `wanted` can be none or is the same."""
        member = self.authenticate(email, present)
        if member is None:
            raise InvalidValue("the present password is not right")
        check_password(wanted, email=member.email)
        if wanted == present:
            raise InvalidValue("the new password is the present one")
        change = {"$set": {"password_hash": self._passwords.hashed(wanted)}, "$unset": _DROPPED_WITH_ONE_TIME}
        return self._change(member.email, change)

    def begin_two_factor(self, email: str, sealed: str) -> StaffMember:
        """Keeps a secret that becomes the second factor once a code of it was typed."""
        return self._change(email, {"$set": {"pending_totp": sealed}})

    def enable_two_factor(self, email: str, sealed: str, *, step: int, recovery_codes: Sequence[str]) -> StaffMember:
        """The pending secret is the second factor from now on, `step` the time step of the code that proved it."""
        kept = [fingerprint(code) for code in recovery_codes]
        change = {"totp": sealed, "totp_step": step, "recovery": kept}
        return self._change(email, {"$set": change, "$unset": {"pending_totp": ""}})

    def reset_two_factor(self, email: str) -> StaffMember:
        """The account has no second factor. Raises InvalidValue for no such account."""
        return self._change(email, {"$unset": dict.fromkeys(("totp", "totp_step", "recovery", "pending_totp"), "")})

    def spend_step(self, email: str, step: int) -> bool:
        """Whether the code of that time step is used for the first time, and none of a later one was."""
        unspent = {"_id": email, "totp_step": {"$lt": step}}
        return bool(self._staff.update_one(unspent, {"$set": {"totp_step": step}}).matched_count)

    def spend_recovery_code(self, email: str, code: str) -> bool:
        """Whether it was one of the account's codes; it is none any more."""
        kept = fingerprint(code)
        spent = self._staff.update_one({"_id": email, "recovery": kept}, {"$pull": {"recovery": kept}})
        return bool(spent.matched_count)

    def _change(self, email: str, change: Mapping[str, Any]) -> StaffMember:
        address = email.strip().lower()
        if not self._staff.update_one({"_id": address}, change).matched_count:
            raise InvalidValue(f"{address!r} has no account")
        return self._found(address)

    def _found(self, address: str) -> StaffMember:
        member = self.get(address)
        if member is None:
            raise InvalidValue(f"the account {address} was removed while it was being written")
        return member


def subject_of(email: str) -> str:
    """What the audit log calls the account of that address."""
    return f"staff:{email}"


def is_address(text: str) -> bool:
    """Whether it may be an e-mail address, written as accounts are kept."""
    return "@" in text[1:-1] and len(text) <= LONGEST_ADDRESS and text.isprintable() and not any(map(str.isspace, text))


def _address(email: str) -> str:
    address = email.strip().lower()
    if not is_address(address):
        raise InvalidValue(f"{email!r} is not an e-mail address")
    return address


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise InvalidValue(f"{role!r} is not a role: choose one of {', '.join(ROLES)}")


def _member(document: Mapping[str, Any]) -> StaffMember:
    return StaffMember(
        email=document["_id"],
        role=document["role"],
        created_at=document["created_at"],
        credential=hashlib.sha256(document["password_hash"].encode()).hexdigest()[:16],
        must_change="one_time_until" in document,
        disabled_at=document.get("disabled_at"),
        last_login_at=document.get("last_login_at"),
        sealed_totp=document.get("totp"),
        pending_totp=document.get("pending_totp"),
        recovery_codes=len(document.get("recovery", ())),
        language=document.get("language"),
    )
