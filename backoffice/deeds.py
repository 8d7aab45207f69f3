"""What the actions of the audit log are called on its page."""

from collections.abc import Mapping
from typing import Final

from flask import Flask
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from listino.domain.audit import Outcome, StaffAction

# The part of an action before its full stop: what it was done to.
NOUNS: Final[Mapping[str, LazyString]] = {
    "login": lazy_gettext("Signing in"),
    "session": lazy_gettext("Sessions"),
    "staff": lazy_gettext("Accounts"),
    "password": lazy_gettext("Passwords"),
    "two_factor": lazy_gettext("Second factor"),
    "token": lazy_gettext("Tokens"),
    "personal_data": lazy_gettext("Personal data"),
    "product": lazy_gettext("Products"),
    "customer": lazy_gettext("Customers"),
    "held": lazy_gettext("Held prices"),
    "crawl": lazy_gettext("Crawls"),
    "drift": lazy_gettext("Drift"),
    "schedule": lazy_gettext("Schedule"),
    "job": lazy_gettext("Jobs"),
    "parked": lazy_gettext("Parked products"),
}

DEEDS: Final[Mapping[str, LazyString]] = {
    StaffAction.LOGIN: lazy_gettext("Signed in"),
    StaffAction.LOGIN_FAILED: lazy_gettext("Wrong password or code"),
    StaffAction.LOGIN_LIMITED: lazy_gettext("Too many attempts"),
    StaffAction.LOGOUT: lazy_gettext("Signed out"),
    StaffAction.SESSION_REVOKED: lazy_gettext("Sessions ended"),
    StaffAction.STAFF_ADDED: lazy_gettext("Account added"),
    StaffAction.ROLE_CHANGED: lazy_gettext("Role changed"),
    StaffAction.STAFF_DISABLED: lazy_gettext("Account disabled"),
    StaffAction.STAFF_ENABLED: lazy_gettext("Account enabled"),
    StaffAction.PASSWORD_RESET: lazy_gettext("Password reset"),
    StaffAction.PASSWORD_CHANGED: lazy_gettext("Password changed"),
    StaffAction.TWO_FACTOR_ENABLED: lazy_gettext("Second factor set up"),
    StaffAction.TWO_FACTOR_RESET: lazy_gettext("Second factor removed"),
    StaffAction.RECOVERY_CODE_USED: lazy_gettext("Recovery code used"),
    StaffAction.TOKEN_MADE: lazy_gettext("Token made"),
    StaffAction.TOKEN_REVOKED: lazy_gettext("Token revoked"),
    StaffAction.PERSONAL_DATA_VIEWED: lazy_gettext("Personal data viewed"),
    StaffAction.CUSTOMERS_SOUGHT: lazy_gettext("Customers searched"),
    StaffAction.NOTE_ADDED: lazy_gettext("Note added"),
    StaffAction.NOTE_REMOVED: lazy_gettext("Note removed"),
    StaffAction.CUSTOMER_EXPORTED: lazy_gettext("Data exported"),
    StaffAction.CUSTOMER_ERASED: lazy_gettext("Person erased"),
    Outcome.ACCEPTED: lazy_gettext("Held price accepted"),
    Outcome.REJECTED: lazy_gettext("Held price rejected"),
    Outcome.SUPERSEDED: lazy_gettext("Held price superseded"),
    StaffAction.CRAWL_QUEUED: lazy_gettext("Crawl started"),
    StaffAction.CRAWL_STOPPED: lazy_gettext("Crawl stopped"),
    StaffAction.SCHEDULE_CHANGED: lazy_gettext("Schedule changed"),
    StaffAction.JOB_REQUEUED: lazy_gettext("Job put back into its queue"),
    StaffAction.JOB_REMOVED: lazy_gettext("Job removed"),
    StaffAction.PARKED_RELEASED: lazy_gettext("Parked product released"),
    StaffAction.DRIFT_ACCEPTED: lazy_gettext("Drift accepted"),
    StaffAction.PRODUCT_CORRECTED: lazy_gettext("Product corrected"),
    StaffAction.PRODUCT_RESTORED: lazy_gettext("Correction undone"),
    StaffAction.PRODUCT_STOPPED: lazy_gettext("Held from sale"),
    StaffAction.PRODUCT_RELEASED: lazy_gettext("Released for sale"),
}


def attach(app: Flask) -> None:
    """Makes the names known to the templates."""
    app.jinja_env.filters["deed"] = deed


def deed(action: str) -> str:
    """The action in the reader's language; its code where an earlier or later version wrote it."""
    return str(DEEDS.get(action, action))
