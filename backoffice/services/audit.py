"""The audit log: what happened, by person, action, subject and time."""

from dataclasses import dataclass, replace
from datetime import timedelta

from backoffice.deeds import DEEDS, NOUNS
from backoffice.engines import engines
from backoffice.formats import parsed_end, parsed_instant
from backoffice.lists import Filters, Slice, cursor, parsed_cursor, sliced
from listino.domain.errors import InvalidValue
from listino.domain.product import ProductId, parse_product_id
from listino.store.audit import AuditQuery, Recorded


@dataclass(frozen=True, slots=True)
class AuditFilters(Filters):
    """Raises InvalidValue. `action` is one, or the noun of several; an `until` that is a date includes that day."""

    by: str = ""
    action: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        if self.action and self.action not in (*DEEDS, *NOUNS):
            raise InvalidValue(f"{self.action!r} is no action of the audit log")

    @property
    def query(self) -> AuditQuery:
        """Raises InvalidValue for what is no time, or ends before it begins."""
        since = parsed_instant(self.since) if self.since else None
        until = parsed_end(self.until) if self.until else None
        if since is not None and until is not None and since >= until:
            raise InvalidValue("the first day is after the last")
        return AuditQuery(
            by=self.by.lower() or None,
            action=self.action or None,
            subject=_subject(self.subject) if self.subject else None,
            since=since,
            until=until - timedelta(milliseconds=1) if until is not None else None,
        )


def _subject(text: str) -> ProductId:
    """Goods of an imported catalogue have numbers."""
    try:
        return parse_product_id(text)
    except InvalidValue:  # the subject is something else
        return text


def page(asked: AuditFilters, *, after: str | None, count: int) -> Slice[Recorded]:
    """Entries, the newest first. Raises InvalidValue."""
    query = replace(asked.query, after=parsed_cursor(after) if after else None)
    found = engines().store.audit.page(query, count=count + 1)
    return sliced(found, count=count, after=lambda last: cursor(last.entry.at, last.key))
