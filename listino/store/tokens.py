"""Tokens with which a person's programs use the back office's JSON API. Kept as fingerprints only."""

import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue
from listino.store.collections import STAFF_TOKENS
from listino.store.passwords import fingerprint

SCOPES = ("read", "write", "people")  # people: what is known of customers
LONGEST_DAYS = 365
LONGEST_NAME = 80
MOST_OF_ONE = 50
USED_EVERY = timedelta(minutes=1)  # how exact `used_at` is
_WRITTEN = re.compile(r"lst_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`id` is the part that may be shown. It may do what its person may, as far as its scopes go."""

    id: str
    person: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    until: datetime
    used_at: datetime | None = None

    @property
    def expired(self) -> bool:
        return self.until <= utc_now()


class Tokens:
    """Tokens by id, so that a request is one shard's question."""

    def __init__(self, database: Database) -> None:
        self._tokens = database[STAFF_TOKENS.name]

    def make(self, person: str, name: str, scopes: Collection[str], *, days: int) -> tuple[Token, str]:
        """A new token and its text, which is kept nowhere; raises InvalidValue."""
        called = name.strip()
        if not called or len(called) > LONGEST_NAME:
            raise InvalidValue(f"a token has a name of {LONGEST_NAME} characters at most")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise InvalidValue(f"a token has one or more of the scopes {', '.join(SCOPES)}")
        if not 1 <= days <= LONGEST_DAYS:
            raise InvalidValue(f"a token holds for 1 to {LONGEST_DAYS} days")
        if len(self.of(person)) >= MOST_OF_ONE:
            raise InvalidValue(f"{person} has {MOST_OF_ONE} tokens already: revoke one first")
        at, secret = utc_now(), secrets.token_urlsafe(32)
        document = {
            "_id": secrets.token_hex(8),
            "secret": fingerprint(secret),
            "person": person,
            "name": called,
            "scopes": [scope for scope in SCOPES if scope in scopes],
            "created_at": at,
            "until": at + timedelta(days=days),
        }
        self._tokens.insert_one(document)
        return _token(document), f"lst_{document['_id']}_{secret}"

    def find(self, text: str) -> Token | None:
        """The token of that text, if it is one and has not expired."""
        written = _WRITTEN.fullmatch(text)
        document = self._tokens.find_one({"_id": written[1]}) if written else None
        if written is None or document is None or not hmac.compare_digest(document["secret"], fingerprint(written[2])):
            return None
        found = _token(document)
        return None if found.expired else found

    def used(self, token: Token) -> None:
        """Notes that it was used."""
        at = utc_now()
        if token.used_at is None or at - token.used_at >= USED_EVERY:
            self._tokens.update_one({"_id": token.id}, {"$set": {"used_at": at}})

    def of(self, person: str) -> list[Token]:
        """The person's tokens, the newest first."""
        return [
            _token(found) for found in self._tokens.find({"person": person}).sort("created_at", -1).limit(MOST_OF_ONE)
        ]

    def revoke(self, person: str, token_id: str) -> bool:
        """Whether the person had such a token; it opens nothing any more."""
        return bool(self._tokens.delete_one({"_id": token_id, "person": person}).deleted_count)

    def revoke_all(self, person: str) -> int:
        """How many tokens the person had; none is left."""
        return int(self._tokens.delete_many({"person": person}).deleted_count)


def _token(document: Mapping[str, Any]) -> Token:
    return Token(
        id=document["_id"],
        person=document["person"],
        name=document["name"],
        scopes=tuple(document["scopes"]),
        created_at=document["created_at"],
        until=document["until"],
        used_at=document.get("used_at"),
    )
