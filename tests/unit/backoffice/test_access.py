"""The house rule of the back office: every route says who may use it."""

import pytest
from flask import Flask, g

from backoffice.access import PERMISSIONS, PUBLIC, has_role, may, safe_address
from listino.domain.clock import utc_now
from listino.store.staff import ROLES, StaffMember

OPEN_TO_ALL = {
    "static",
    "bootstrap.static",
    "htmx.static",
    "session.login",
    "probes.healthz",
    "probes.readyz",
    "probes.metrics",
}


def test_every_route_declares_its_permission(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}

    assert sorted(routes - PERMISSIONS.keys()) == []
    assert sorted(PERMISSIONS.keys() - routes) == []


def test_permissions_are_roles_and_only_these_routes_are_public() -> None:
    assert set(PERMISSIONS.values()) <= {PUBLIC, *ROLES}
    assert {endpoint for endpoint, permission in PERMISSIONS.items() if permission == PUBLIC} == OPEN_TO_ALL


def test_what_changes_something_is_never_asked_for_by_get(app: Flask) -> None:
    changing = {
        "session.logout",
        "products.refresh",
        "crawls.start",
        "crawls.accept_drift",
        "held_prices.decide",
        "held_prices.decide_all",
    }
    methods = {rule.endpoint: rule.methods or set() for rule in app.url_map.iter_rules()}

    assert [endpoint for endpoint in sorted(changing) if "GET" in methods[endpoint]] == []


@pytest.mark.parametrize(
    ("role", "needed", "enough"),
    [("agent", "agent", True), ("agent", "manager", False), ("manager", "agent", True), ("admin", "manager", True)],
)
def test_a_higher_role_may_do_what_a_lower_one_may(role: str, needed: str, enough: bool) -> None:
    assert has_role(StaffMember(email="ada@listino.test", role=role, created_at=utc_now()), needed) is enough


@pytest.mark.parametrize("wanted", ["/products?q=a%20b&gone=1", "/crawls/crawl-it-1", "/products/it:bottega:8411"])
def test_pages_of_ours_are_returned_to(app: Flask, wanted: str) -> None:
    with app.test_request_context():
        assert safe_address(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/a\\b",
        "\t//evil.example",
        "/\n/evil.example",
        "products",
        "javascript:alert(1)",
    ],
)
def test_other_addresses_lead_to_the_start_page(app: Flask, wanted: str | None) -> None:
    with app.test_request_context():
        assert safe_address(wanted) == "/"


def _address(app: Flask, endpoint: str) -> tuple[str, str]:
    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
    choices = {"field": "brand", "verdict": "accept"}
    values = {name: choices.get(name, "it:bottega:8411") for name in rule.arguments}
    with app.test_request_context():
        built = app.url_for(endpoint, **values)
    return built, "POST" if "POST" in (rule.methods or ()) else "GET"


@pytest.mark.parametrize("endpoint", sorted(name for name, needed in PERMISSIONS.items() if needed != PUBLIC))
def test_a_route_is_closed_to_those_who_are_not_signed_in(app: Flask, endpoint: str) -> None:
    address, method = _address(app, endpoint)

    answer = app.test_client().open(address, method=method)

    assert answer.status_code == 302
    assert answer.location.startswith("/login")


def test_htmx_is_led_to_the_log_in_page_and_back(app: Flask) -> None:
    answer = app.test_client().post(
        "/products/it:bottega:8411/refresh",
        headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/products/it:bottega:8411"},
    )

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=/products/it:bottega:8411"


def test_a_route_that_nobody_declared_is_closed_even_to_administrators(app: Flask) -> None:
    with app.test_request_context():
        g.member = StaffMember(email="ada@listino.test", role="admin", created_at=utc_now())
        assert may("crawls.start")
        assert not may("somebody.forgot")
