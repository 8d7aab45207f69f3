"""Passwords and other secrets: what may be one, how it is made, and what is kept of it."""

import hashlib
import secrets
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from zxcvbn import zxcvbn

from listino.domain.errors import InvalidValue

LEAST_PASSWORD_LENGTH = 10
# zxcvbn counts from 0 to 4. From 3 on a password resists whoever stole its slow hash: 10^8 guesses and more.
LEAST_SCORE = 3
_SCORED = 72  # characters that are scored; a longer password is at least as good as its beginning
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none is taken for another one on the phone
_GROUPS, _GROUP = 4, 5  # 99 bits


class Passwords:
    """Makes argon2id hashes of passwords and compares with them."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """Verified when nobody has the address, so that the answer takes as long as for a wrong password."""
        return self._hasher.hash("nobody has this password")

    def hashed(self, password: str) -> str:
        return self._hasher.hash(password)

    def right(self, password_hash: str | None, password: str) -> bool:
        """Whether it is that password; without a hash it is not, and that takes as long."""
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except VerificationError:
            return False
        return password_hash is not None


def check_password(password: str, *, email: str) -> None:
    """Raises InvalidValue for a password that is too short, common, or close to whose it is."""
    if len(password) < LEAST_PASSWORD_LENGTH:
        raise InvalidValue(f"a password has {LEAST_PASSWORD_LENGTH} characters or more")
    known = [part for part in (email, *email.replace("@", ".").split("."), "listino") if part]
    if zxcvbn(password[:_SCORED], user_inputs=known)["score"] < LEAST_SCORE:
        raise InvalidValue("this password is guessed too easily: take three or four words that have nothing in common")


def one_time_password() -> str:
    """A password to be read out once, like `k7mqd-29fja-wx31b-h8rtu`."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def fingerprint(secret: str) -> str:
    """What is kept of a random secret of ours: it has too many bits to be guessed, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
