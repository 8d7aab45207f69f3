"""The time of day as Listino keeps it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now in UTC, to the millisecond: what MongoDB keeps, so that a time read back equals the time written."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
