"""Sitemaps: what a shop's sitemap.xml, or a part of it, names. https://www.sitemaps.org/protocol.html

Several languages of one page stand beside each other as alternates:
https://developers.google.com/search/docs/specialty/international/localized-versions#sitemap
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import zip_longest

from listino.domain.errors import UnreadablePage
from listino.domain.market import Market

# A sitemap is over where its root is closed; an error page, or half of a sitemap, would make goods look gone.
_WHOLE = re.compile(rb"</(?:urlset|sitemapindex)\s*>|<(?:urlset|sitemapindex)\b[^<>]*/>")
# None of these looks at a character twice, whatever the shop sends.
_ENTRY = re.compile(rb"<(url|sitemap)\s*>")
_LOCATION = re.compile(rb"<loc>([^<]*(?:<!\[CDATA\[[^<]*)?)</loc>")
_LASTMOD = re.compile(rb"<lastmod>([^<]*(?:<!\[CDATA\[[^<]*)?)</lastmod>")
_LINK = re.compile(rb"<(?:\w+:)?link\b([^<>]*)>")
_ATTRIBUTE = re.compile(rb"(?<!\w)(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
# https://www.w3.org/TR/NOTE-datetime, and the space that some write for the T.
_W3C = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[T ](?P<time>\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)\s*(?P<zone>Z|[+-]\d\d:?\d\d)?)?)?)?"
)
_WESTERNMOST = timedelta(hours=12)  # behind UTC: there a day that is named without a zone ends last
_CDATA = "<![CDATA["
_MOST_UNPACKED = 64 * 1024 * 1024  # bytes; the sitemap protocol allows 50 MB


@dataclass(frozen=True, slots=True)
class Entry:
    """An address in a sitemap, of a page or of `is_sitemap` another one. `lastmod`: it has not changed since that time.

    `alternates`: the same page's addresses by `hreflang` in lower case.
    """

    url: str
    is_sitemap: bool = False
    lastmod: datetime | None = None
    alternates: Mapping[str, str] = field(default_factory=dict)

    def address_in(self, market: Market) -> str | None:
        """The page's address for shoppers of that market; None where it is only there for others."""
        if not self.alternates:
            return self.url
        wanted = (f"{market.language}-{market.code}", market.language, "x-default")
        return next((self.alternates[name] for name in wanted if name in self.alternates), None)


def read_sitemap(body: bytes, url: str) -> Iterator[Entry]:
    """The entries of a sitemap or of an index, packed or not; raises UnreadablePage for what is no whole one."""
    text = _unpacked(body, url)
    if _WHOLE.search(text) is None:
        raise UnreadablePage(f"{url} is no whole sitemap")
    for kind, inner in _entries(text):
        location = _LOCATION.search(inner)
        if location is not None:
            lastmod = _LASTMOD.search(inner)
            yield Entry(
                url=_plain(location[1]),
                is_sitemap=kind == b"sitemap",
                lastmod=moment_of(_plain(lastmod[1])) if lastmod else None,
                alternates=dict(_alternates(inner)),
            )


def _entries(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind of each entry, and what stands between its beginning and that of the next one."""
    beginnings = list(_ENTRY.finditer(text))
    for entry, following in zip_longest(beginnings, beginnings[1:]):
        yield entry[1], text[entry.end() : following.start() if following else len(text)]


def moment_of(lastmod: str) -> datetime | None:
    """The latest moment that a W3C date and time can mean: a day, a month or a year is over at its end.

    None for what is no date.
    """
    parts = _W3C.fullmatch(lastmod)
    try:
        if parts is None or parts["year"] == "0000":
            return None
        year, month, day = (int(parts[name] or 0) for name in ("year", "month", "day"))
        if parts["time"]:
            zone = (parts["zone"] or "-12:00").replace("Z", "+00:00")
            return datetime.fromisoformat(f"{lastmod[:10]}T{parts['time'].replace(',', '.')}{zone}").astimezone(UTC)
        if day:
            end = datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)
        else:
            end = datetime(year + (month in (0, 12)), month % 12 + 1 if month else 1, 1, tzinfo=UTC)
        return end + _WESTERNMOST
    except (ValueError, OverflowError):
        return None


def _alternates(inner: bytes) -> Iterator[tuple[str, str]]:
    for link in _LINK.findall(inner):
        told = {name.decode(): _plain(double or single) for name, double, single in _ATTRIBUTE.findall(link)}
        if told.get("rel") == "alternate" and told.get("hreflang") and told.get("href"):
            yield told["hreflang"].lower(), told["href"]


def _plain(text: bytes) -> str:
    """The words of an element; its entities are read, unless it says that there are none."""
    words = text.decode("utf-8", "replace").strip()
    if words.startswith(_CDATA):
        return words.removeprefix(_CDATA).removesuffix("]]>").strip()
    return unescape(words)


def _unpacked(body: bytes, url: str) -> bytes:
    """The bytes, gunzipped where they are packed; raises UnreadablePage for what is no gzip, cut off or far too large."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(body, _MOST_UNPACKED)
    except zlib.error as error:
        raise UnreadablePage(f"{url} is no readable gzip ({error})") from None
    if unpacker.unconsumed_tail:
        raise UnreadablePage(f"{url} unpacks to more than {_MOST_UNPACKED} bytes")
    if not unpacker.eof:
        raise UnreadablePage(f"{url} is a gzip that ends too soon")
    return unpacked
