"""The audit log, for administrators."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from backoffice.access import requires
from backoffice.deeds import DEEDS, NOUNS, deed
from backoffice.lists import ways
from backoffice.services import audit
from backoffice.services.audit import AuditFilters

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

PAGE_SIZE = 50


@blueprint.get("")
@requires("admin")
def entries() -> ResponseReturnValue:
    """Entries, the newest first; `after` names the last one of the page before."""
    asked, after = AuditFilters.of(request.args), request.args.get("after")
    shown = audit.page(asked, after=after, count=PAGE_SIZE)
    return render_template(
        "audit/entries.html",
        asked=asked,
        shown=shown.items,
        kinds=[(noun, name, [each for each in DEEDS if each.startswith(f"{noun}.")]) for noun, name in NOUNS.items()],
        deed=deed,
        **ways("audit.entries", after, shown, **asked.named),
    )
