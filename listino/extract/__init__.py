"""A page or a payload in, an offer out: structured data, HTML, locale-aware prices. Pure functions, no network."""

from listino.extract.extracted import Extracted, extract

__all__ = ["Extracted", "extract"]
