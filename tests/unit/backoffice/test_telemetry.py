import structlog
from flask import Flask


def test_each_request_is_one_line_with_its_number(app: Flask) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = app.test_client().get("/login", headers={"X-Request-ID": "from-the-proxy-1"})

    assert answer.headers["X-Request-ID"] == "from-the-proxy-1"
    (line,) = [line for line in lines if line["event"] == "request"]
    assert {name: line[name] for name in ("method", "path", "status", "staff")} == {
        "method": "GET",
        "path": "/login",
        "status": 200,
        "staff": None,
    }
    assert line["ms"] >= 0


def test_a_number_that_could_forge_a_line_is_replaced(app: Flask) -> None:
    answer = app.test_client().get("/login", headers={"X-Request-ID": 'x" forged="1'})

    assert len(answer.headers["X-Request-ID"]) == 32


def test_files_and_probes_are_measured_but_not_logged(app: Flask) -> None:
    with structlog.testing.capture_logs() as lines:
        app.test_client().get("/healthz")
        app.test_client().get("/static/listino.css")

    assert [line for line in lines if line["event"] == "request"] == []
    figures = app.test_client().get("/metrics").text
    assert (
        'listino_backoffice_request_seconds_count{endpoint="probes.healthz",method="GET",status="200"} 1.0' in figures
    )
