"""Pages of what happened, newest first: in the order of a time and then of the key."""

from datetime import UTC, datetime

from listino.domain.errors import InvalidValue
from listino.store.documents import Document

# Beyond these keys is all, or nothing, of what happened at the same moment.
FIRST, LAST = "\U0010ffff", ""


def key_of(at: datetime, document_id: str) -> str:
    """Where the page after a document begins."""
    return f"{at.isoformat()} {document_id}"


def key_parts(key: str) -> tuple[datetime, str]:
    """The time and the document's id; raises InvalidValue for what is no key."""
    at, _, last = key.partition(" ")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)  # the first and the last hours of all time have none
    except (ValueError, OverflowError):
        raise InvalidValue(f"{key[:40]!r} is no key of a page") from None
    return moment, last


def beyond(condition: Document, time: str, key: str | None) -> Document:
    """The condition for what comes after a document, newest first; raises InvalidValue for what is no key."""
    if key is None:
        return condition
    moment, last = key_parts(key)
    # The first condition is said twice so that the index begins there.
    after = [{time: {"$lt": moment}}, {time: moment, "_id": {"$lt": last}}]
    return {"$and": [condition, {time: {"$lte": moment}}, {"$or": after}]}


def between(since: datetime | None, until: datetime | None) -> Document:
    """The bounds on a time from `since` on and before `until`; none where both are None."""
    return {name: at for name, at in (("$gte", since), ("$lt", until)) if at is not None}
