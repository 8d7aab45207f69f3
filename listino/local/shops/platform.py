"""What all four platforms have in common: a home page, paged category pages, product pages, and pages robots must not open."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, ClassVar
from urllib.parse import parse_qs

import orjson
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listino.local.shops.answers import HTML_UTF8, answer
from listino.local.shops.article import Article
from listino.local.shops.catalogue import Catalogue
from listino.local.shops.goods import slugify
from listino.local.shops.kinds import DEPARTMENTS, KINDS, kinds_of

PAGE_SIZE = 20
_NBSP = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Card:
    """A good in a list. `link` may carry tracking parameters where `href` does not: one good under two addresses."""

    article: Article
    key: str
    id: int
    href: str
    link: str


class Platform(ABC):
    """A shop's pages over its catalogue. A subclass adds its platform's own addresses and payloads.

    Templates get `shop`, `words`, `ui`, `base`, `title`; amounts are written with the filter `money` (cents in, text out).
    """

    product_address: ClassVar[re.Pattern[str]]  # with a group `number` or `id`
    product_template: ClassVar[str]
    marks: ClassVar[str] = ""  # what the platform writes into the head of every page

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.front = catalogue.front
        self.words = catalogue.words
        self.base_url = catalogue.base_url
        self.slugs = {code: slugify(name) for code, name in self.category_names().items()}
        self.codes = {slug: code for code, slug in self.slugs.items()}
        self._templates = Environment(
            loader=PackageLoader("listino.local.shops"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters["money"] = self.money
        self._templates.filters["point"] = decimal_point
        self._templates.filters["in_script"] = in_script
        self._templates.globals.update(
            shop=self.front, words=self.words, ui=self.words.ui, base=self.base_url, marks=self.marks
        )
        self._templates.globals.update(
            departments=[(self.words.departments[code], self.category_path(code)) for code in DEPARTMENTS]
        )

    # What a platform decides.

    @abstractmethod
    def own_routes(self) -> list[Route]:
        """The platform's addresses, product and category pages among them."""

    @abstractmethod
    def category_path(self, code: str, page: int = 1) -> str:
        """Path of a page of a department or kind."""

    @abstractmethod
    def product_context(self, article: Article) -> dict[str, Any]:
        """What the platform's product template needs beyond the article."""

    def keys_asked(self, path: str, query: Mapping[str, list[str]]) -> list[str]:
        """The keys of the products that a request asks for by name; listings ask for none."""
        index = self.index_in(path)
        return [self.catalogue.key_of(index)] if index is not None and self.catalogue.is_live(index) else []

    def money(self, minor: int) -> str:
        """An amount as the market writes it: "1.299,00 €", with a no-break space."""
        return f"{minor // 100:,}".replace(",", ".") + f",{minor % 100:02d}{_NBSP}€"

    # What they share.

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home),
            Route(self.front.forbidden, self.cart),
            Route(self.front.trap, self.trap),
            Route(self.front.trap + "{number:int}", self.trap),
            *self.own_routes(),
        ]

    def category_names(self) -> dict[str, str]:
        """Names of departments and kinds by code."""
        return {**self.words.departments, **{kind.code: self.words.kinds[kind.code][1] for kind in KINDS}}

    def trail(self, article: Article) -> list[tuple[str, str]]:
        """The breadcrumb down to the leaf category: (name, absolute address), the home page first."""
        kind = article.good.kind
        return [
            (self.words.ui["home"], self.base_url + "/"),
            (article.department, self.base_url + self.category_path(kind.department)),
            (article.category, self.base_url + self.category_path(kind.code)),
        ]

    def card(self, index: int) -> Card:
        article = self.catalogue.article(index)
        good = article.good
        href = self.base_url + self.front.address(good)
        link = f"{href}?utm_source=listing&utm_medium=card" if index % 4 == 1 else href
        return Card(article, self.front.key(good), self.front.product_id(good), href, link)

    def related_cards(self, article: Article) -> list[Card]:
        return [self.card(index) for index in article.good.related]

    def index_in(self, path: str) -> int | None:
        """The index that a product page's path speaks of, whether or not there is such a good."""
        match = self.product_address.fullmatch(path)
        return None if match is None else self.front.index_of_key(f"{self.front.prefix}-{int(match['number']):05d}")

    async def home(self, request: Request) -> Response:
        cards = [self.card(index) for index in list(self.catalogue.live())[-8:]]
        return self.html(request, "home.html", title=self.words.shop_title, canonical=self.base_url + "/", cards=cards)

    async def cart(self, request: Request) -> Response:
        return self.html(request, "message.html", title=self.words.ui["cart"], message="0 €")

    async def trap(self, request: Request) -> Response:
        """A page full of goods that do not exist; robots.txt forbids it."""
        return self.html(request, "trap.html", title=self.words.ui["trap"], numbers=range(1, 13))

    def category_page(self, request: Request, code: str | None, page: int) -> Response:
        """One page of a category, or 404 for an unknown category or a page past the end."""
        indexes = self.catalogue.in_category(code) if code else ()
        pages = max(1, ceil(len(indexes) / PAGE_SIZE))
        if code is None or code not in self.slugs or not 1 <= page <= pages:
            return self.not_found(request)
        children = kinds_of(code) if code in DEPARTMENTS else ()
        return self.html(
            request,
            "category.html",
            title=self.category_names()[code],
            canonical=self.base_url + self.category_path(code, page),
            next_page=self.base_url + self.category_path(code, page + 1) if page < pages else None,
            children=[(self.words.kinds[kind.code][1], self.category_path(kind.code)) for kind in children],
            cards=[self.card(index) for index in indexes[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]],
            total=len(indexes),
        )

    async def product_page(self, request: Request) -> Response:
        index = self.index_in(request.url.path)
        if self.catalogue.is_gone(index):
            return self.gone(request)
        if index is None or not self.catalogue.is_live(index):
            return self.not_found(request)
        article = self.catalogue.article(index)
        if self.front.address(article.good) != request.url.path:
            return self.wrong_slug(request, article)
        return self.product_answer(request, article)

    def product_answer(self, request: Request, article: Article) -> Response:
        html = self.render(self.product_template, **self.product_view(article))
        return answer(request, html.encode(), HTML_UTF8, changed_at=article.changed_at)

    def product_view(self, article: Article) -> dict[str, Any]:
        good = article.good
        return {
            "title": good.name,
            "canonical": self.base_url + self.front.address(good),
            "article": article,
            "good": good,
            "key": self.front.key(good),
            "id": self.front.product_id(good),
            "description": Markup(good.description_html),  # noqa: S704  # built from escaped parts
            "trail": self.trail(article),
            "related": self.related_cards(article),
            **self.product_context(article),
        }

    def wrong_slug(self, request: Request, article: Article) -> Response:
        return self.not_found(request)

    def not_found(self, request: Request) -> Response:
        return self.html(request, "message.html", status=404, title="404", message=self.words.ui["not_found"])

    def gone(self, request: Request) -> Response:
        return self.html(request, "message.html", status=410, title="410", message=self.words.ui["gone"])

    def html(self, request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
        return answer(request, self.render(template, **context).encode(), HTML_UTF8, status=status)

    def render(self, template: str, **context: Any) -> str:
        return self._templates.get_template(template).render(**context)


def page_in(text: str | None) -> int:
    """The page number in a parameter: 1 where there is none, 0 (no page at all) for what is no number."""
    if text is None:
        return 1
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def query_of(query_string: bytes) -> dict[str, list[str]]:
    return parse_qs(query_string.decode("latin-1"))


def decimal_point(minor: int) -> str:
    """Cents as a number with a decimal point: "1299.00", as structured data writes amounts."""
    return f"{minor // 100}.{minor % 100:02d}"


def in_script(payload: Any) -> Markup:
    """JSON for a script element: no text in it can close the element."""
    return Markup(orjson.dumps(payload).decode().replace("<", "\\u003c"))  # noqa: S704  # escaped just now
