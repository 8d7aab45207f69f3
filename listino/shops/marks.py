"""The marks that shop software leaves on every page: by them a visitor can tell which one a shop runs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from listino.shops.platform import Page


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: a pattern in the page's markup, or the name of a header of its answer."""

    platform: str
    words: str  # what the mark is, for a person
    markup: re.Pattern[str] | None = None
    header: str | None = None


def _generator(platform: str, name: str) -> Mark:
    pattern = re.compile(rf"""<meta\b(?=[^<>]*\bname=["']generator["'])[^<>]*\bcontent=["']{name}\b""", re.IGNORECASE)
    return Mark(platform, f"the page names {name} as its generator", markup=pattern)


def _markup(platform: str, words: str, pattern: str) -> Mark:
    return Mark(platform, words, markup=re.compile(pattern))


_MARKS = (
    _generator("woocommerce", "WooCommerce"),
    _markup("woocommerce", "the page loads WooCommerce's scripts or styles", r"/wp-content/plugins/woocommerce/"),
    _markup(
        "woocommerce", "the page's body is of a WooCommerce theme", r"<body\b[^<>]*\bclass=[\"'][^\"']*\bwoocommerce"
    ),
    Mark("shopify", "the answer bears Shopify's header x-shopid", header="x-shopid"),
    Mark("shopify", "the answer bears Shopify's header x-shardid", header="x-shardid"),
    _markup("shopify", "the page loads from Shopify's servers", r"cdn\.shopify\.com|/cdn/shop/"),
    _markup("shopify", "the page names its shop to Shopify's scripts", r"\bShopify\.shop\s*="),
    Mark("magento", "the answer bears Magento's header x-magento-cache-id", header="x-magento-cache-id"),
    Mark("magento", "the answer bears Magento's header x-magento-tags", header="x-magento-tags"),
    _markup("magento", "the page starts Magento's scripts", r"text/x-magento-init|data-mage-init="),
    _markup("magento", "the page loads Magento's static files", r"/static/(?:version\d+/)?frontend/"),
    Mark("shopware", "the answer bears Shopware's header sw-context-token", header="sw-context-token"),
    Mark("shopware", "the answer bears Shopware's header sw-language-id", header="sw-language-id"),
    _markup("shopware", "the page loads Shopware's storefront", r"/bundles/storefront/|/theme/[0-9a-f]{32}/"),
    _markup("shopware", "the page tells Shopware's routes to its scripts", r"window\.router\[['\"]frontend\."),
    _generator("prestashop", "PrestaShop"),
    Mark("prestashop", "the answer bears PrestaShop's header powered-by", header="powered-by"),
    _markup("prestashop", "the page hands PrestaShop's variables to its scripts", r"\bvar prestashop\s*="),
    _markup("prestashop", "the page loads PrestaShop's modules", r"/modules/ps_\w+/"),
)


def marks_on(page: Page) -> Mapping[str, list[str]]:
    """What speaks for which platform, in words; the one that most speaks for comes first."""
    found: dict[str, list[str]] = {}
    for mark in _met(page):
        found.setdefault(mark.platform, []).append(mark.words)
    return dict(sorted(found.items(), key=lambda entry: -len(entry[1])))


def _met(page: Page) -> Iterator[Mark]:
    for mark in _MARKS:
        if mark.header is None:
            met = mark.markup is not None and mark.markup.search(page.text) is not None
        else:
            value = page.headers.get(mark.header)
            # `powered-by` is anybody's; its value says whose.
            met = value is not None and (mark.header != "powered-by" or mark.platform in value.casefold())
        if met:
            yield mark
