"""Addresses as pages write them: relative, and not always well-formed."""

from urllib.parse import urljoin


def absolute(base: str, reference: str) -> str:
    """The address a reference leads to from the page at `base`; empty for one that is malformed (`http://[x`)."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return ""
