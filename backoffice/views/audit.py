"""The audit log, for administrators."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from backoffice.access import requires
from backoffice.deeds import DEEDS, NOUNS, deed
from backoffice.lists import Slice, ways
from backoffice.sentences import said
from backoffice.services import audit
from backoffice.services.audit import AuditFilters
from listino.domain.errors import InvalidValue

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

PAGE_SIZE = 50


@blueprint.get("")
@requires("admin")
def entries() -> ResponseReturnValue:
    """Entries, the newest first; `after` names the last one of the page before."""
    asked, after, complaint = AuditFilters.of(request.args), request.args.get("after"), ""
    try:
        shown = audit.page(asked, after=after, count=PAGE_SIZE)
    except InvalidValue as error:  # what was typed stays
        shown, complaint = Slice([], None), said(error)
    page = render_template(
        "audit/entries.html",
        asked=asked,
        shown=shown.items,
        complaint=complaint,
        kinds=[(noun, name, [each for each in DEEDS if each.startswith(f"{noun}.")]) for noun, name in NOUNS.items()],
        deed=deed,
        **ways("audit.entries", after, shown, **asked.named),
    )
    return page, 400 if complaint else 200
