"""What orchestrators and Prometheus ask."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from backoffice.access import PUBLIC, requires
from backoffice.engines import engines
from backoffice.telemetry import metrics as figures
from listino.domain.errors import EngineUnavailable

blueprint = Blueprint("probes", __name__)

PATIENCE_SECONDS = 2.0  # an orchestrator gives up soon after


@blueprint.get("/healthz")
@requires(PUBLIC)
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@requires(PUBLIC)
def readyz() -> ResponseReturnValue:
    """The process can do its work: MongoDB answers. Without Redis the pages still serve, so it is not asked."""
    try:
        engines().store.ready(PATIENCE_SECONDS)
    except EngineUnavailable:
        return jsonify(status="away", mongo="away"), 503
    return jsonify(status="ready", mongo="ready")


@blueprint.get("/metrics")
@requires(PUBLIC)
def metrics() -> ResponseReturnValue:
    """This worker process's figures."""
    return Response(generate_latest(figures().registry), content_type=CONTENT_TYPE_LATEST)
