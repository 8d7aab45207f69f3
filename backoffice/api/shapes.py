"""Shapes that several subjects of the API have in common."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Generic, Self, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from backoffice.formats import instant, parsed_instant
from backoffice.lists import LONGEST_TEXT, Slice
from listino.domain.errors import InvalidValue
from listino.domain.money import Money
from listino.domain.product import ProductId, parse_product_id

Item = TypeVar("Item")
Record = TypeVar("Record")


def _moment(text: str) -> str:
    try:
        parsed_instant(text)
    except InvalidValue as error:
        raise ValueError(str(error)) from None
    return text


def _product_key(text: str) -> ProductId:
    try:
        return parse_product_id(text)
    except InvalidValue as error:
        raise ValueError(str(error)) from None


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day such as 2026-05-01") from None
    return text


Moment = Annotated[
    datetime,
    PlainSerializer(instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-05-01T12:00:00.000Z"]}),
]
# A time as it is sent, kept as text: services parse what pages and programs send in the same way.
SentMoment = Annotated[
    str,
    AfterValidator(_moment),
    Field(max_length=40, examples=["2026-05-01T12:00:00Z"], description="A time, or a day, in UTC."),
]
SentDay = Annotated[
    str, AfterValidator(_day), Field(max_length=10, examples=["2026-05-01"], description="A day, in UTC.")
]
ProductKey = Annotated[
    str,
    AfterValidator(_product_key),
    Field(description="`market:shop:sku`, or a catalogue number.", examples=["it:bottega:3020"]),
]
Market = Annotated[str, Field(max_length=8, description="A market's code.", examples=["it"])]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
# What is not sent; the document does not offer null for it.
Absent: TypeAlias = None


def _without_nothing(schema: dict[str, Any]) -> None:
    """Takes out what stands for what is not sent: nobody has to send it."""
    for kind in schema.get("properties", {}).values():
        if "default" in kind and kind["default"] is None:
            del kind["default"]
            (sent,) = (one for one in kind.pop("anyOf") if one != {"type": "null"})
            kind |= sent | kind


class Sent(BaseModel):
    """What a program sends; a name that is not declared is an error, not something to be ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, json_schema_extra=_without_nothing)


class ListQuery(Sent):
    """One page of a list, by keyset."""

    after: Annotated[Text | Absent, Field(description="`next` of the page before; none for the first page.")] = None
    count: Annotated[int, Field(ge=1, le=100, description="How many at most.")] = 25


class Told(BaseModel):
    """What a program is told, made of a record by its attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Amount(Told):
    """Money: an integer of minor units (cents) of one ISO 4217 currency."""

    minor: Annotated[int, Field(examples=[4990])]
    currency: Annotated[str, Field(examples=["EUR"])]

    @classmethod
    def of(cls, money: Money | None) -> Self | None:
        return None if money is None else cls(minor=money.minor, currency=money.currency)


class Page(Told, Generic[Item]):
    """One page of a list. `next` is the `after` of the page behind it; null at the end."""

    items: list[Item]
    next: Annotated[str | None, Field(examples=["2026-05-01T12:00:00.000Z~it:bottega:3020", None])]

    @classmethod
    def of(cls, found: Slice[Record], told: Callable[[Record], Item]) -> Self:
        """What a service found, each entry as programs are told of it."""
        return cls(items=[told(one) for one in found.items], next=found.next)
