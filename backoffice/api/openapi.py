"""The OpenAPI document, for those who are signed in and for programs."""

from typing import Any, Final

from flask import current_app, jsonify
from flask.typing import ResponseReturnValue

from backoffice.access import requires
from backoffice.api.document import document
from backoffice.api.operation import subject

blueprint = subject("openapi", "/openapi.json", __name__)

_KEY: Final = "listino.openapi"


@blueprint.get("")
@requires("agent", scopes=("read",), browser=True)
def page() -> ResponseReturnValue:
    """OpenAPI 3.1; made once a process."""
    kept: dict[str, Any] = current_app.extensions
    if _KEY not in kept:
        kept[_KEY] = document(current_app)
    return jsonify(kept[_KEY])
