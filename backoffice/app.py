"""The back-office application: `python -m gunicorn "backoffice.app:create_app()" -k gthread --threads 8`.

Do not preload it: the MongoDB client must be made in the worker that uses it.
"""

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from backoffice import access, budget, engines, errors, formats, headers, limits, telemetry
from backoffice.config import STORE_SECONDS, flask_config
from backoffice.icons import Icons
from backoffice.views import assets, crawls, held_prices, probes, products, session, start
from listino.logs import configure_logs
from listino.settings import Settings, load_settings

# What the sidebar lists: endpoint, label, icon.
NAVIGATION = (
    ("start.page", "Start", "house"),
    ("products.search", "Products", "tag"),
    ("held_prices.prices", "Held prices", "shield-exclamation"),
    ("crawls.runs", "Crawls", "arrow-repeat"),
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
    CSRFProtect(app)
    Bootstrap5(app)
    headers.attach(app, secure=settings.env == "production")
    errors.attach(app)
    formats.attach(app)
    app.jinja_env.globals.update(icon=Icons.from_package().svg, navigation=NAVIGATION)

    for module in (start, products, held_prices, crawls, session, probes):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(assets.htmx_blueprint())
    app.jinja_env.globals["asset"] = assets.asset_url
    limits.limit_logins(app, settings)
    return app
