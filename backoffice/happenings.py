"""What happens in the storefront, and with a customer, as it is called and drawn on the pages."""

from collections.abc import Mapping
from typing import Final

from flask import Flask
from flask_babel import lazy_gettext, lazy_pgettext
from flask_babel.speaklater import LazyString

from backoffice.services.timeline import Kind
from listino.domain.errors import InvalidValue
from listino.domain.events import Device, EventType
from listino.domain.product import ProductId, parse_product_id

EVENTS: Final[Mapping[EventType, LazyString]] = {
    EventType.SEARCH: lazy_pgettext("event", "Search"),
    EventType.PAGE_VIEW: lazy_pgettext("event", "Page view"),
    EventType.ADD_TO_CART: lazy_pgettext("event", "Added to cart"),
    EventType.UPSELL: lazy_pgettext("event", "Upsell"),
    EventType.CHECKOUT: lazy_pgettext("event", "Checkout"),
}

# Name and icon of each kind of entry in a timeline.
KINDS: Final[Mapping[str, tuple[LazyString, str]]] = {
    Kind.SESSION: (lazy_pgettext("of a shopper", "Session"), "person"),
    EventType.SEARCH: (EVENTS[EventType.SEARCH], "search"),
    EventType.PAGE_VIEW: (EVENTS[EventType.PAGE_VIEW], "eye"),
    EventType.ADD_TO_CART: (EVENTS[EventType.ADD_TO_CART], "cart-plus"),
    EventType.UPSELL: (EVENTS[EventType.UPSELL], "arrow-up-right-circle"),
    EventType.CHECKOUT: (EVENTS[EventType.CHECKOUT], "bag-check"),
    Kind.NOTE: (lazy_gettext("Note"), "sticky"),
    Kind.STAFF: (lazy_gettext("Staff action"), "journal-text"),
    Kind.LOOK: (lazy_gettext("Look by staff"), "person-vcard"),
}

DEVICES: Final[Mapping[Device, LazyString]] = {
    Device.DESKTOP: lazy_pgettext("device", "desktop"),
    Device.MOBILE: lazy_pgettext("device", "mobile"),
    Device.TABLET: lazy_pgettext("device", "tablet"),
    Device.OTHER: lazy_pgettext("device", "other"),
}


def attach(app: Flask) -> None:
    """Makes `product_of_page` known to the templates."""
    app.jinja_env.filters["product_of_page"] = product_of_page


def product_of_page(path: str | None) -> ProductId | None:
    """The product that a page of the storefront shows, as its path says at the end; None where it names none. A number alone
    is an id only below a folder of products: it may as well be that of a cart."""
    folder, _slash, last = (path or "").partition("?")[0].rstrip("/").rpartition("/")
    try:
        product_id = parse_product_id(last)
    except InvalidValue:
        return None
    return product_id if isinstance(product_id, str) or folder.endswith("/products") else None
