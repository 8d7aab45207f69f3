"""Addresses as pages write them: relative, and not always well-formed."""

from urllib.parse import urljoin

_WHOLE = ("https://", "http://")


def absolute(base: str, reference: str) -> str:
    """The address a reference leads to from the page at `base`; empty for one that is malformed (`http://[x`)."""
    if reference.startswith(_WHOLE) and "[" not in reference:
        return reference
    try:
        return urljoin(base, reference)
    except ValueError:
        return ""
