"""The tables of a shop's declaration: their keys, what each may hold, and the shop that they amount to."""

import math
import re
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from listino.complaints import none_of
from listino.domain.drift import DriftRule
from listino.domain.errors import InvalidValue
from listino.domain.held import PlausibilityRule
from listino.domain.listing import Terms
from listino.domain.market import MARKETS, market_of
from listino.domain.money import Money
from listino.domain.pricing import PricingRule
from listino.extract.selectors import Selectors, demand_css
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import CrawlManner, PlatformOptions, Shop


def _name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
        raise ValueError(f"{name!r} must be of lower-case letters, digits and hyphens, at most 63 of them")
    return name


def _platform(name: str) -> str:
    if name not in PLATFORMS:
        raise ValueError(none_of(name, sorted(PLATFORMS)))
    return name


def _market(code: str) -> str:
    if code not in MARKETS:
        raise ValueError(none_of(code, MARKETS))
    return code


def _root(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # `https://[`
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{url!r} must be an address such as https://shop.example")
    return urlunsplit(parts._replace(netloc=parts.netloc.lower())).rstrip("/")


def _seconds(number: object) -> object:
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError("must be a number of seconds, such as 0.5")
    return number


def _pattern(expression: str) -> str:
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"{expression!r} is no regular expression ({error})") from None
    return expression


def _css(selector: str) -> str:
    try:
        return demand_css(selector)
    except InvalidValue as error:
        raise ValueError(str(error)) from None


_Selector = Annotated[str, AfterValidator(_css)]
_Handle = Annotated[str, Field(pattern=r"^[^/?#\s]+$")]
_Token = Annotated[str, Field(pattern=r"^[!-~]+$")]  # what may stand in a header
_Amount = Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=2)]
_Percent = Annotated[Decimal, Field(ge=0, le=1000)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _ShopTable(_Table):
    name: Annotated[str, AfterValidator(_name)]
    market: Annotated[str, AfterValidator(_market)]
    platform: Annotated[str, AfterValidator(_platform)]
    url: Annotated[str, AfterValidator(_root)]


class _ShippingTable(_Table):
    cost: _Amount = Decimal(0)


class _PricingTable(_Table):
    markup_percent: _Percent = PricingRule().markup_percent
    minimum_margin: _Amount = PricingRule().minimum_margin.major
    ending: int = Field(PricingRule().ending, ge=0, le=99)
    categories: dict[str, _Percent] = Field(default_factory=dict)


class _CrawlTable(_Table):
    concurrency: int = Field(CrawlManner().concurrency, ge=1, le=32)
    delay: Annotated[float, BeforeValidator(_seconds)] | None = Field(CrawlManner().delay, ge=0, le=60)
    revisit_hours: float = Field(CrawlManner().revisit_hours, ge=0, le=8760, allow_inf_nan=False)
    gone_after: int = Field(CrawlManner().gone_after, ge=1, le=100)
    product: Annotated[str, AfterValidator(_pattern)] | None = None
    category: Annotated[str, AfterValidator(_pattern)] | None = None


class _LiveTable(_Table):
    concurrency: int = Field(8, ge=1, le=64)


class _PlatformTable(_Table):
    access_key: _Token | None = None
    collections: tuple[_Handle, ...] = ()
    store: _Token | None = None
    post: StrictBool = False


class _SelectorsTable(_Table):
    name: _Selector | None = None
    price: _Selector | None = None
    list_price: _Selector | None = None
    sku: _Selector | None = None
    availability: _Selector | None = None
    brand: _Selector | None = None
    gtin: _Selector | None = None
    description: _Selector | None = None
    images: _Selector | None = None


class _PlausibilityTable(_Table):
    most_change_percent: Annotated[Decimal, Field(gt=0, le=1000)] = PlausibilityRule().most_change_percent
    most_market_factor: Annotated[Decimal, Field(gt=1, le=100)] = PlausibilityRule().most_market_factor


class _DriftTable(_Table):
    tolerance_percent: Annotated[Decimal, Field(gt=0, lt=100)] = DriftRule().tolerance_percent
    products_tolerance_percent: Annotated[Decimal, Field(gt=0, lt=100)] = DriftRule().products_tolerance_percent
    least_products: int = Field(DriftRule().least_products, ge=1)


class Declaration(_Table):
    """A whole file; raises pydantic's ValidationError for what cannot be."""

    shop: _ShopTable
    shipping: _ShippingTable = _ShippingTable()
    pricing: _PricingTable = _PricingTable()
    crawl: _CrawlTable = _CrawlTable()
    live: _LiveTable = _LiveTable()
    plausibility: _PlausibilityTable = _PlausibilityTable()
    drift: _DriftTable = _DriftTable()
    platform: _PlatformTable = _PlatformTable()
    selectors: _SelectorsTable = _SelectorsTable()

    def _demand_options_taken(self) -> None:
        """Raises InvalidValue for an option that means nothing to the shop's platform: it would be ignored in silence."""
        taken = PLATFORMS[self.shop.platform].options
        for key in sorted(self.platform.model_fields_set - set(taken)):
            takes = f"takes only {', '.join(taken)}" if taken else "takes none"
            raise InvalidValue(f"platform.{key}: no option of {self.shop.platform}, which {takes}")

    def _demand_selectors_read(self, options: PlatformOptions) -> None:
        """Raises InvalidValue for selectors of a shop that is not read by its pages: they would be ignored in silence."""
        given = sorted(self.selectors.model_fields_set)
        if given and not PLATFORMS[self.shop.platform].reads_pages(options):
            with_key = " with an access_key" if options.access_key else ""
            raise InvalidValue(
                f"selectors.{given[0]}: {self.shop.platform}{with_key} is read by its API, not by its pages: delete"
                " [selectors], or declare the shop as generic"
            )

    def build(self) -> Shop:
        """The shop; raises InvalidValue for what only the tables together show to be wrong."""
        self._demand_options_taken()
        options = PlatformOptions(**self.platform.model_dump())
        self._demand_selectors_read(options)
        market = market_of(self.shop.market)
        rule = PricingRule(
            markup_percent=self.pricing.markup_percent,
            category_markup_percent=self.pricing.categories,
            minimum_margin=Money.of(self.pricing.minimum_margin, market.currency),
            ending=self.pricing.ending,
        )
        shipping = Money.of(self.shipping.cost, market.currency)
        return Shop(
            name=self.shop.name,
            market=market,
            platform=self.shop.platform,
            url=self.shop.url,
            terms=Terms(
                market=market,
                shop=self.shop.name,
                shipping=shipping,
                rule=rule,
                plausibility=PlausibilityRule(**self.plausibility.model_dump()),
            ),
            crawl=CrawlManner(**self.crawl.model_dump()),
            live_concurrency=self.live.concurrency,
            drift=DriftRule(**self.drift.model_dump()),
            options=options,
            selectors=Selectors(**self.selectors.model_dump()),
        )
