"""What happens in the storefront: one event, and whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

CUSTOMER, ANONYMOUS = "c:", "s:"  # what an owner begins with


class EventType(StrEnum):
    SEARCH = "search"
    PAGE_VIEW = "page_view"
    ADD_TO_CART = "add_to_cart"
    UPSELL = "upsell"
    CHECKOUT = "checkout"


class Device(StrEnum):
    """A class of devices and never one of them: it tells nobody apart."""

    DESKTOP = "desktop"
    MOBILE = "mobile"
    TABLET = "tablet"
    OTHER = "other"


# The steps of a sale, in their order. A session is at a step when it has events of this one and of all before.
STEPS = (EventType.SEARCH, EventType.PAGE_VIEW, EventType.ADD_TO_CART, EventType.CHECKOUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody the storefront knows, by its own id."""

    id: str
    email: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a shopper did. `ms` were spent on it; `network` is the shopper's address, shortened.

    Without consent there is no customer, network or metadata. `withdrawn_by` is then the customer's id, if it was told: not
    kept, but what was kept of that customer's session is to lose its network.
    """

    id: str
    type: EventType
    at: datetime
    session: str
    consent: bool
    customer: Customer | None = None
    withdrawn_by: str | None = field(default=None, repr=False)
    network: str | None = None
    device: Device | None = None
    page: str | None = None
    product: str | None = None
    ms: int | None = None
    metadata: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """Whose story it belongs to: the customer's, or that of a session in which nobody is known."""
        return f"{CUSTOMER}{self.customer.id}" if self.customer else f"{ANONYMOUS}{self.session}"

    def unrecognised(self) -> Self:
        """The same as if its shopper had not agreed to be recognised."""
        named = self.customer.id if self.customer else self.withdrawn_by
        return replace(self, consent=False, customer=None, withdrawn_by=named, network=None, metadata={})
