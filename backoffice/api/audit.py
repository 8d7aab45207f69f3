"""The audit log."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from backoffice.access import requires
from backoffice.api.operation import operation, subject
from backoffice.api.shapes import Absent, ListQuery, Moment, Page, SentMoment, Text, Told
from backoffice.services import audit
from backoffice.services.audit import AuditFilters
from listino.store.audit import Recorded

blueprint = subject("audit", "/audit", __name__)


class AuditQuery(ListQuery):
    """Which entries, the newest first."""

    by: Annotated[Text | Absent, Field(description="An e-mail address.", examples=["anna@example.com"])] = None
    action: Annotated[Text | Absent, Field(description="One action, or the noun of several.", examples=["login"])] = (
        None
    )
    subject: Annotated[Text | Absent, Field(examples=["staff:anna@example.com", "it:bottega:3020"])] = None
    since: SentMoment | Absent = None
    until: SentMoment | Absent = None


class Entry(Told):
    """What somebody did. `before` and `after` are what was changed, as far as it may be told."""

    key: str
    at: Moment
    by: Annotated[str, Field(examples=["anna@example.com"])]
    action: Annotated[str, Field(examples=["held.accepted"])]
    subject: Annotated[str | int, Field(examples=["it:bottega:3020"])]
    origin: Annotated[str | None, Field(description="The network address that it was done from.")]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    detail: Mapping[str, Any]


@blueprint.get("")
@requires("admin", scopes=("read",))
@operation()
def entries(query: AuditQuery) -> Page[Entry]:
    """Search the audit log"""
    asked = AuditFilters.of(query.model_dump())
    found = audit.page(asked, after=query.after, count=query.count)
    return Page[Entry].of(found, _entry)


def _entry(recorded: Recorded) -> Entry:
    entry = recorded.entry
    return Entry(
        key=recorded.key,
        at=entry.at,
        by=entry.by,
        action=entry.action,
        subject=entry.subject,
        origin=entry.origin,
        before=entry.before,
        after=entry.after,
        detail=entry.detail,
    )
