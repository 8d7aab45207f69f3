"""How Flask and its extensions are set for this application."""

from datetime import timedelta
from typing import Any

from listino.settings import Settings

# How long a page may spend on MongoDB in all, REFRESH_WAIT_MS included: the driver would look for a server that is
# away as long as its own time-out of 20 s, and everybody else's page would wait behind that.
STORE_SECONDS = 5.0
REFRESH_WAIT_MS = 2000  # how long a person is kept waiting for a shop before being told that it was not in time


def flask_config(settings: Settings) -> dict[str, Any]:
    """The Flask configuration; raises InvalidSettings where production has no secret key."""
    return {
        "SECRET_KEY": settings.session_secret(),
        "SESSION_COOKIE_NAME": "listino_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.env == "production",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=settings.staff_session_hours),
        "SESSION_REFRESH_EACH_REQUEST": False,
        # A page may lie open all day before its form is sent; the token ends with the session instead.
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": 64 * 1024,
        # Addresses of static files carry a version, so browsers may keep them.
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
        "BOOTSTRAP_SERVE_LOCAL": True,
        # Pages are left as they are: what is secret in them could be guessed from how well they compress (BREACH).
        "COMPRESS_MIMETYPES": ["text/css", "text/javascript", "application/javascript"],
        "COMPRESS_STREAMING_ENDPOINT_CONDITIONAL": ["static", "bootstrap.static", "htmx.static"],
    }
