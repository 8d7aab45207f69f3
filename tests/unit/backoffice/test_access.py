"""The house rule of the back office: every route says who may use it."""

from collections.abc import Mapping

import pytest
from flask import Flask, g

from backoffice.access import LIBRARY_ROUTES, PUBLIC, Permission, has_role, may, permissions, requires, safe_address
from backoffice.access import seal as sealed
from listino.domain.clock import utc_now
from listino.store.staff import ROLES, StaffMember

OPEN_TO_ALL = {
    *LIBRARY_ROUTES,
    "session.login",
    "preferences.choose",
    "probes.healthz",
    "probes.readyz",
    "probes.metrics",
}


@pytest.fixture
def declared(app: Flask) -> Mapping[str, Permission]:
    with app.app_context():
        return permissions()


def test_every_route_declares_its_permission(app: Flask, declared: Mapping[str, Permission]) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == declared.keys()
    assert len(declared) > 40


def test_only_these_routes_are_public(declared: Mapping[str, Permission]) -> None:
    assert {permission.role for permission in declared.values()} == {PUBLIC, *ROLES}
    assert {endpoint for endpoint, permission in declared.items() if permission.role == PUBLIC} == OPEN_TO_ALL


def test_an_application_with_a_route_that_says_nothing_does_not_start() -> None:
    app = Flask(__name__)
    app.add_url_rule("/open", "open", requires(PUBLIC)(lambda: "open"))
    app.add_url_rule("/forgotten", "forgotten", lambda: "forgotten")
    with pytest.raises(RuntimeError, match="who may use forgotten: put @requires"):
        sealed(app)


def test_only_roles_can_be_required() -> None:
    with pytest.raises(ValueError, match="'root' is not a role"):
        requires("root")


# What is looked at and filled in; whatever else there is changes something.
FORMS = {"session.login", "session.second_factor", "account.password", "products.correct", "products.hold"}


def test_what_changes_something_is_never_asked_for_by_get(app: Flask) -> None:
    both = {rule.endpoint for rule in app.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())}

    assert both == FORMS


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
