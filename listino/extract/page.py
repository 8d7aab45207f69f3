"""One product page, read as deep as it takes: its text first, its tree only where the text does not decide."""

import re
from collections.abc import Iterator
from functools import cached_property
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from listino.extract import schema_org
from listino.extract.drawings import without_drawings
from listino.extract.json_ld import Node, json_ld
from listino.extract.layout import Layout, read_layout
from listino.extract.likeness import share_a_piece
from listino.extract.markup import Markup
from listino.extract.nesting import shallow
from listino.extract.state import Stated, codes_in, stated
from listino.extract.text import plain, plain_from_html

_HEADING = re.compile(r"<h1\b[^<>]*>", re.IGNORECASE)
_END_OF_HEADING = re.compile(r"</h1", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^<>]*>([^<]{0,1000})", re.IGNORECASE)
_LONGEST_HEADING = 2000  # characters of markup
_LANGUAGE = re.compile(r"<html\b[^>]{0,2000}?\blang\s*=\s*[\"']?([A-Za-z]{2,3}(?:[-_][A-Za-z]{2,8})*)", re.IGNORECASE)
# Domains of countries whose letters are used by shops anywhere.
_NO_COUNTRIES = frozenset({"ai", "cc", "co", "eu", "fm", "gg", "io", "ly", "me", "sh", "to", "tv", "ws"})


class ProductPage:
    """A page's markup and its address; everything else is read when it is first asked for, and once."""

    def __init__(self, html: str, url: str) -> None:
        self.html = html
        self.url = url

    @cached_property
    def heading(self) -> str | None:
        """The words of the first first-level heading."""
        begin = self.heading_begin
        if begin is None:
            return None
        end = _END_OF_HEADING.search(self.html, begin, begin + _LONGEST_HEADING)
        return plain_from_html(self.html[begin : end.start()]) if end else None

    @cached_property
    def heading_begin(self) -> int | None:
        """Where in the markup the words of the first first-level heading begin."""
        found = _HEADING.search(self.html)
        return found.end() if found else None

    @cached_property
    def language(self) -> str | None:
        """The language the page declares, with its region or else the country of the address: `es-CL`."""
        found = _LANGUAGE.search(self.html, 0, _MOST_BEFORE_LANGUAGE)
        if found is None:
            return None
        spoken = found[1].replace("_", "-")
        country = _country(self.url)
        return spoken if "-" in spoken or country is None else f"{spoken}-{country}"

    @cached_property
    def json_ld(self) -> list[Node]:
        """Every node of the page's JSON-LD."""
        return json_ld(self.html)

    @cached_property
    def tree(self) -> LexborHTMLParser:
        return LexborHTMLParser(without_drawings(shallow(self.html)))

    @cached_property
    def _markup(self) -> Markup:
        return Markup(self.tree, self.url)

    @cached_property
    def meta(self) -> dict[str, str]:
        """The page's meta elements by their lower-case name or property, the first of each."""
        return self._markup.meta()

    @property
    def canonical(self) -> str:
        """The address that the page says is its own; the one it was asked for by where it says none."""
        return self._markup.canonical() or self.url

    @property
    def fields(self) -> Iterator[tuple[str, str]]:
        """Names and values of the page's hidden fields and buttons."""
        return self._markup.fields()

    @property
    def data(self) -> Iterator[tuple[str, str]]:
        """Names and values of the attributes in which elements keep codes for scripts."""
        return self._markup.data()

    @cached_property
    def marked_up(self) -> dict[str, list[Node]]:
        """All nodes of the page by the syntax they are written in, the most trusted syntax first."""
        return dict(self._nodes())

    @cached_property
    def products(self) -> dict[str, Node]:
        """The node of the page's product in each syntax that has one, the most trusted syntax first."""
        return dict(self._chosen())

    @cached_property
    def product(self) -> tuple[str, Node] | None:
        """The first of `products`, with its syntax: where that is JSON-LD no tree is needed to know it."""
        return next(self._chosen(), None)

    def _chosen(self) -> Iterator[tuple[str, Node]]:
        for syntax, nodes in self._nodes():
            node = schema_org.main_product(nodes, self.heading)
            if node is not None and self._may_be_about(node):
                yield syntax, node

    def _nodes(self) -> Iterator[tuple[str, list[Node]]]:
        """Syntaxes and their nodes; whoever goes on beyond JSON-LD has the tree built."""
        yield "json-ld", self.json_ld
        yield "microdata", self._microdata
        yield "rdfa", self._rdfa

    @cached_property
    def _microdata(self) -> list[Node]:
        return self._markup.microdata()

    @cached_property
    def _rdfa(self) -> list[Node]:
        return self._markup.rdfa()

    @cached_property
    def state(self) -> Stated | None:
        """What the page's application state says of its product; asked where markup and visible page do not decide."""
        names = [
            self.heading,
            self.layout.heading,
            *(schema_org.first_text(node.get("name")) for node in self.products.values()),
        ]
        return stated(self.html, [*dict.fromkeys(name for name in names if name), *codes_in(self.url)])

    @cached_property
    def _title(self) -> str | None:
        title = _TITLE.search(self.html)
        return plain_from_html(title[1]) if title else None

    def _may_be_about(self, node: Node) -> bool:
        """Whether the node's name has anything in common with the page's heading or title; some pages mark up others only."""
        name = schema_org.first_text(node.get("name"))
        told = [text for text in (self.heading, self._title) if text]
        return not name or not told or any(share_a_piece(name, text) for text in told)

    @cached_property
    def layout(self) -> Layout:
        """What a visitor sees."""
        names = [schema_org.first_text(node.get("name")) for node in self.products.values()]
        names += [plain(self.meta.get("og:title")), self._title]
        return read_layout(
            self.tree, self._markup.headings(), names=[name for name in names if name], language=self.language
        )


_MOST_BEFORE_LANGUAGE = 20_000  # characters; only comments and a doctype stand before the root element


def _country(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    end = host.rpartition(".")[2]
    return {"uk": "GB"}.get(end, end.upper()) if len(end) == 2 and end.isalpha() and end not in _NO_COUNTRIES else None
