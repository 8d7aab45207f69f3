"""The payloads of WooCommerce's Store API, as Bottega gives them; what is in which field stands in `bottega`."""

from html import escape
from typing import Any

from listino.local.shops.article import Article
from listino.local.shops.goods import Form, slugify
from listino.local.shops.kinds import DEPARTMENTS, KINDS
from listino.local.shops.platform import Platform
from listino.local.shops.shopfront import LOW_STOCK

_FIRST_CATEGORY_ID = 15
_CODES = (*DEPARTMENTS, *(kind.code for kind in KINDS))


class StoreApi:
    """Products and variations as JSON objects. As WordPress does it, texts carry HTML entities (`&amp;`)."""

    def __init__(self, platform: Platform) -> None:
        self.front = platform.front
        self.base_url = platform.base_url
        self.category_names = platform.category_names()
        self.slugs = platform.slugs
        self.category_path = platform.category_path

    def product(self, article: Article) -> dict[str, Any]:
        """A product as the Store API gives it."""
        good = article.good
        forms = good.forms if good.varies else ()
        return {
            **self._item(article),
            "parent": 0,
            "type": "variable" if forms else "simple",
            "variation": "",
            "permalink": self.base_url + self.front.address(good),
            "sku": good.reference,
            "short_description": f"<p>{escape(good.slogan, quote=False)}</p>",
            "description": good.description_html,
            "prices": _prices(article, article.price, article.list_price, [article.cost(form) for form in forms]),
            "images": [self._image(article, number) for number in range(1, good.photo_count + 1)],
            "categories": [self._category(good.kind.department), self._category(good.kind.code)],
            "brands": [
                {
                    "id": 900 + sum(good.brand.encode()) % 97,
                    "name": _as_wordpress(good.brand),
                    "slug": slugify(good.brand),
                    "link": f"{self.base_url}/marca/{slugify(good.brand)}/",
                }
            ],
            "attributes": self._attributes(article),
            "variations": [
                {
                    "id": self.front.variant_id(good, form),
                    "attributes": [
                        {"name": name, "value": _as_wordpress(value)} for name, value in self._choices(article, form)
                    ],
                }
                for form in forms
            ],
            "has_options": bool(forms),
            "is_purchasable": True,
            "is_in_stock": article.in_stock,
            "low_stock_remaining": None if forms else _low_stock(article.quantity(good.forms[0])),
        }

    def variation(self, article: Article, form: Form) -> dict[str, Any]:
        """A variation as the Store API gives it."""
        good = article.good
        return {
            **self._item(article),
            "id": self.front.variant_id(good, form),
            "parent": self.front.product_id(good),
            "type": "variation",
            "variation": ", ".join(f"{name}: {_as_wordpress(value)}" for name, value in self._choices(article, form)),
            "permalink": f"{self.base_url}{self.front.address(good)}?variation_id={self.front.variant_id(good, form)}",
            "sku": form.sku,
            "short_description": "",
            "description": "",
            "prices": _prices(article, article.cost(form), article.list_cost(form), []),
            "images": [self._image(article, good.photo_of(form))],
            "categories": [],
            "brands": [],
            "attributes": [],
            "variations": [],
            "has_options": False,
            "is_purchasable": True,
            "is_in_stock": article.quantity(form) > 0,
            "low_stock_remaining": _low_stock(article.quantity(form)),
        }

    def _item(self, article: Article) -> dict[str, Any]:
        good = article.good
        return {
            "id": self.front.product_id(good),
            "name": _as_wordpress(good.name),
            "slug": self.front.handle(good),
            "on_sale": article.list_price is not None,
            "price_html": "",
            "average_rating": "0",
            "review_count": 0,
            "tags": [],
            "is_on_backorder": False,
            "sold_individually": False,
        }

    def _image(self, article: Article, number: int) -> dict[str, Any]:
        return {
            "id": self.front.product_id(article.good) * 10 + number,
            "src": self.base_url + article.photo(number),
            "thumbnail": self.base_url + article.thumbnail(number),
            "srcset": "",
            "sizes": "",
            "name": f"{article.good.reference}-{number}",
            "alt": article.good.name,
        }

    def _category(self, code: str) -> dict[str, Any]:
        return {
            "id": _FIRST_CATEGORY_ID + _CODES.index(code),
            "name": _as_wordpress(self.category_names[code]),
            "slug": self.slugs[code],
            "link": self.base_url + self.category_path(code),
        }

    def _choices(self, article: Article, form: Form) -> list[tuple[str, str]]:
        labels = article.words.labels
        colour = [(labels["colour"], article.colour(form))] if form.colour else []
        return colour + ([(labels[article.good.kind.scale], form.size)] if form.size else [])

    def _attributes(self, article: Article) -> list[dict[str, Any]]:
        choices: dict[str, dict[str, None]] = {}
        for form in article.good.forms:
            for name, value in self._choices(article, form):
                choices.setdefault(name, {})[value] = None
        told = [(name, [value], False) for name, value in article.good.features]
        return [
            {
                "id": 1 + place,
                "name": _as_wordpress(name),
                "taxonomy": f"pa_{slugify(name)}",
                "has_variations": varying,
                "terms": [
                    {"id": place * 100 + n, "name": _as_wordpress(value), "slug": slugify(value)}
                    for n, value in enumerate(values)
                ],
            }
            for place, (name, values, varying) in enumerate(
                [(name, list(values), True) for name, values in choices.items()] + told
            )
        ]


def category_code(number: int) -> str | None:
    """The department or kind that a category id stands for."""
    place = number - _FIRST_CATEGORY_ID
    return _CODES[place] if 0 <= place < len(_CODES) else None


def _as_wordpress(text: str) -> str:
    return escape(text)


def _low_stock(pieces: int) -> int | None:
    return pieces if pieces <= LOW_STOCK else None


def _prices(article: Article, cost: int, list_cost: int | None, span: list[int]) -> dict[str, Any]:
    varying = bool(span) and min(span) != max(span)
    return {
        "price": str(cost),
        "regular_price": str(cost if list_cost is None else list_cost),
        "sale_price": str(cost),
        "price_range": {"min_amount": str(min(span)), "max_amount": str(max(span))} if varying else None,
        "currency_code": "EUR",
        "currency_symbol": "€",
        "currency_minor_unit": 2,
        "currency_decimal_separator": ",",
        "currency_thousand_separator": ".",
        "currency_prefix": "",
        "currency_suffix": " €",
    }
