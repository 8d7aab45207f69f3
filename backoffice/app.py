"""The back-office application: `python -m gunicorn "backoffice.app:create_app()" -k gthread --threads 8`.

Do not preload it: the MongoDB client must be made in the worker that uses it.
"""

from flask import Flask
from flask_babel import lazy_gettext, lazy_pgettext
from flask_bootstrap import Bootstrap5
from flask_compress import Compress
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from backoffice import (
    access,
    budget,
    deeds,
    engines,
    errors,
    formats,
    happenings,
    headers,
    languages,
    limits,
    sentences,
    table,
    telemetry,
    waterfall,
)
from backoffice.api import subjects
from backoffice.config import STORE_SECONDS, flask_config
from backoffice.icons import Icons
from backoffice.views import (
    account,
    analytics,
    assets,
    audit,
    crawls,
    customers,
    held_prices,
    operations,
    preferences,
    probes,
    products,
    schedule,
    session,
    shops,
    staff,
    start,
)
from listino.logs import configure_logs
from listino.settings import Settings, load_settings

# What the sidebar lists: endpoint, label, icon. A phone's bar has room for the first four.
NAVIGATION = (
    ("start.page", lazy_gettext("Start"), "house"),
    ("products.search", lazy_gettext("Products"), "tag"),
    ("customers.search", lazy_gettext("Customers"), "person-lines-fill"),
    ("held_prices.prices", lazy_pgettext("menu", "Held prices"), "shield-exclamation"),
    ("crawls.runs", lazy_gettext("Crawls"), "arrow-repeat"),
)
# What it lists besides for those who may; on a phone behind one entry.
ADMINISTRATION = (
    ("analytics.page", lazy_gettext("Analytics"), "bar-chart-line"),
    ("shops.listed", lazy_gettext("Shops"), "shop"),
    ("operations.page", lazy_gettext("Operations"), "activity"),
    ("staff.people", lazy_gettext("Staff"), "people"),
    ("audit.entries", lazy_gettext("Audit log"), "journal-text"),
)


def create_app(settings: Settings | None = None, *, proxies: int = 0) -> Flask:
    """The application, connected to nothing until the first request; raises InvalidSettings.

    `proxies` is how many reverse proxies stand before it: that many X-Forwarded-* entries are believed, no more.
    Without it the log-in limit of an address would count everybody behind a proxy as one.
    """
    settings = settings or load_settings()
    configure_logs(settings)
    app = Flask(__name__)
    app.config.from_mapping(flask_config(settings))
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # the way Flask documents it

    app.wsgi_app = budget.StoreBudget(app.wsgi_app, STORE_SECONDS)  # type: ignore[method-assign]  # the way Flask documents it
    engines.attach(app, settings)
    telemetry.attach(app)
    access.attach(app)
    csrf = CSRFProtect(app)
    Bootstrap5(app)
    Compress(app)
    headers.attach(app, secure=settings.env == "production")
    errors.attach(app)
    languages.attach(app)
    formats.attach(app)
    sentences.attach(app)
    table.attach(app)
    deeds.attach(app)
    happenings.attach(app)
    waterfall.attach(app)
    app.jinja_env.globals.update(icon=Icons.from_package().svg, NAVIGATION=NAVIGATION, ADMINISTRATION=ADMINISTRATION)

    for module in (
        start,
        products,
        customers,
        held_prices,
        crawls,
        analytics,
        schedule,
        shops,
        operations,
        staff,
        audit,
        account,
        session,
        preferences,
        probes,
    ):
        app.register_blueprint(module.blueprint)
    for blueprint in subjects.blueprints():
        app.register_blueprint(blueprint)
        csrf.exempt(blueprint)  # no browser's session changes anything here, so no other site can use one
    app.register_blueprint(assets.htmx_blueprint())
    app.jinja_env.globals["asset"] = assets.asset_url
    limits.attach(app, settings)
    access.seal(app)
    return app
