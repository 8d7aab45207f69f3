"""What the audit log hears of: every change, every attempt to sign in, every look at personal data."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from flask import g, request

from backoffice.engines import engines
from listino.domain.audit import StaffAction, staff_entry
from listino.domain.product import ProductId

View = TypeVar("View", bound=Callable[..., Any])


def record(
    action: StaffAction,
    subject: ProductId,
    *,
    by: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
    occasion: str | None = None,
) -> None:
    """Keeps what was done by the member who makes this request; with an `occasion` once, however often it is told."""
    who = by or g.member.email
    entry = staff_entry(action, subject, by=who, origin=request.remote_addr, before=before, after=after, detail=detail)
    engines().store.audit.add(replace(entry, occasion=occasion) if occasion else entry)


def shows_personal_data(subject: Callable[..., ProductId]) -> Callable[[View], View]:
    """For a view that shows data of a person: no page leaves before the look at it is in the log.

    `subject` gets what the view gets, and says whose data it is. Stands next to the view, beneath `requires`.
    """

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def looked(**values: Any) -> Any:
            answer = view(**values)
            record(StaffAction.PERSONAL_DATA_VIEWED, subject(**values), detail={"page": request.endpoint})
            return answer

        return looked  # type: ignore[return-value]  # it takes and gives what the view does

    return wrap
