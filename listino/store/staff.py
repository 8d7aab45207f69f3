"""The people who may use the back office. Passwords are kept as argon2 hashes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from pymongo.database import Database

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue
from listino.store.collections import STAFF

ROLES = ("agent", "manager", "admin")
LEAST_PASSWORD_LENGTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """`credential` names the present password without telling it: sessions begun with another one are over."""

    email: str
    role: str
    created_at: datetime
    credential: str = ""


class Staff:
    """Staff accounts by e-mail address, which is compared without case."""

    def __init__(self, database: Database) -> None:
        self._staff = database[STAFF.name]
        self._hasher = PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """Verified when nobody has the address, so that the answer takes as long as for a wrong password."""
        return self._hasher.hash("nobody has this password")

    def put(self, email: str, password: str, role: str) -> StaffMember:
        """Adds the account or sets its password and role; raises InvalidValue.

        A new password ends the account's sessions; the same one given again leaves them.
        """
        address = email.strip().lower()
        if "@" not in address[1:-1] or any(char.isspace() for char in address):
            raise InvalidValue(f"{email!r} is not an e-mail address")
        if role not in ROLES:
            raise InvalidValue(f"{role!r} is not a role: choose one of {', '.join(ROLES)}")
        if len(password) < LEAST_PASSWORD_LENGTH:
            raise InvalidValue(f"a password has {LEAST_PASSWORD_LENGTH} characters or more")
        same = self._staff.find_one({"_id": address}) if self.authenticate(address, password) else None
        password_hash = same["password_hash"] if same else self._hasher.hash(password)
        self._staff.update_one(
            {"_id": address},
            {"$set": {"password_hash": password_hash, "role": role}, "$setOnInsert": {"created_at": utc_now()}},
            upsert=True,
        )
        member = self.get(address)
        if member is None:
            raise InvalidValue(f"the account {address} was removed while it was being written")
        return member

    def get(self, email: str) -> StaffMember | None:
        document = self._staff.find_one({"_id": email.strip().lower()})
        return _member(document) if document else None

    def authenticate(self, email: str, password: str) -> StaffMember | None:
        """The member with that address and password; None for either being wrong, without telling which."""
        document = self._staff.find_one({"_id": email.strip().lower()})
        try:
            self._hasher.verify(document["password_hash"] if document else self._nobody, password)
        except VerificationError:
            return None
        return _member(document) if document else None


def _member(document: Mapping[str, Any]) -> StaffMember:
    credential = hashlib.sha256(document["password_hash"].encode()).hexdigest()[:16]
    return StaffMember(
        email=document["_id"], role=document["role"], created_at=document["created_at"], credential=credential
    )
