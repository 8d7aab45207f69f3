"""What a storefront sends to /events: bounded, and each event looked at by itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from api.problems import BadParameter
from listino.complaints import in_words
from listino.domain.events import Customer, Device, Event, EventType

MOST_BODY_BYTES = 512 * 1024
MOST_EVENTS = 500  # in a batch
MOST_METADATA = 20
MOST_SECONDS = 86_400
FUTURE = timedelta(minutes=5)  # by which a shopper's clock may be fast

ID = r"^[A-Za-z0-9._:@+-]{1,100}$"  # no slash: ids are joined with them
KEY = r"^[A-Za-z0-9_-]{1,40}$"
EMAIL = r"^[^@\s]+@[^@\s]+$"
MOST_EMAIL, MOST_NAME, MOST_PAGE_CHARACTERS, MOST_VALUE = 254, 200, 500, 200
MOST_INTEGER = 2**53 - 1  # what JavaScript tells apart


def _written(value: object) -> object:
    """A time as text: numbers might be seconds or milliseconds."""
    if not isinstance(value, str):
        raise ValueError("must be a text such as 2026-03-01T09:30:00.000Z")
    return value


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie in the years 1 to 9999, in UTC") from None


def _plain(metadata: object) -> object:
    """Ends at the first thing wrong: pydantic would look for all of them, and many make an answer slow for everybody."""
    if not isinstance(metadata, dict):
        return metadata
    if len(metadata) > MOST_METADATA:
        raise ValueError(f"must have at most {MOST_METADATA} entries")
    for key, value in metadata.items():
        if not _KEY.fullmatch(key):
            raise _wrong(key, f"must have a name that matches {KEY}")
        if isinstance(value, str):
            if len(value) > MOST_VALUE:
                raise _wrong(key, f"must have {MOST_VALUE} characters or fewer")
        elif isinstance(value, int | float):
            if not -MOST_INTEGER <= value <= MOST_INTEGER:
                raise _wrong(key, f"must be from {-MOST_INTEGER} to {MOST_INTEGER}")
        elif value is not None:
            raise _wrong(key, "must be a number, a text, true, false or null")
    return metadata


def _wrong(key: str, reason: str) -> PydanticCustomError:
    return PydanticCustomError(_METADATA, "{reason}", {"key": key, "reason": reason})


_KEY = re.compile(KEY)
_METADATA = "metadata"  # the kind of error that names a key
_Id = Annotated[StrictStr, Field(pattern=ID)]


class _Bounded(BaseModel):
    """Nothing but the known fields; who sends more fields than there are is refused before any is looked at."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few(cls, told: object) -> object:
        if isinstance(told, dict) and len(told) > len(cls.model_fields):
            raise ValueError(f"must have at most {len(cls.model_fields)} fields")
        return told


class _Customer(_Bounded):
    id: _Id
    email: Annotated[StrictStr, Field(pattern=EMAIL, max_length=MOST_EMAIL)] | None = None
    name: Annotated[StrictStr, Field(min_length=1, max_length=MOST_NAME)] | None = None


class _Event(_Bounded):
    id: _Id
    type: EventType
    at: Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
    session: _Id
    consent: StrictBool
    customer: _Customer | None = None
    device: Device | None = None
    page: Annotated[StrictStr, Field(pattern="^/", max_length=MOST_PAGE_CHARACTERS)] | None = None
    product: (
        Annotated[StrictStr, Field(max_length=MOST_VALUE)] | Annotated[StrictInt, Field(ge=0, lt=10**18)] | None
    ) = None
    seconds: Annotated[StrictFloat | StrictInt, Field(ge=0, le=MOST_SECONDS)] | None = None
    metadata: Annotated[dict[str, Any], BeforeValidator(_plain)] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is not taken: its place in the batch from 0, its id where it has one, the field at fault, and why."""

    index: int
    id: str | None
    field: str | None
    reason: str


def events_in(body: bytes) -> list[Any]:
    """The batch as it was sent; raises BadParameter for what is none."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadParameter("body", f"not JSON: {error}") from None
    batch = told.get("events") if isinstance(told, dict) and told.keys() == {"events"} else told
    if not isinstance(batch, list):
        raise BadParameter("body", 'a JSON array of events, or {"events": [...]} and nothing beside it')
    if not 1 <= len(batch) <= MOST_EVENTS:
        raise BadParameter("body", f"from 1 to {MOST_EVENTS} events, not {len(batch)}")
    return batch


def sorted_out(
    batch: Sequence[Any], *, now: datetime, kept_days: int, network: str | None
) -> tuple[list[Event], list[Refused]]:
    """The events that can be kept, and those that cannot."""
    events, refused = [], []
    oldest, latest = now - timedelta(days=kept_days), now + FUTURE
    for index, told in enumerate(batch):
        try:
            event = _Event.model_validate(told)
        except ValidationError as error:
            refused.append(_refusal(index, told, error.errors(include_url=False)[0]))
            continue
        if not oldest <= event.at <= latest:
            reason = (
                f"must not be older than {kept_days} days"
                if event.at < oldest
                else "must not be in the future: it is UTC"
            )
            refused.append(Refused(index, event.id, "at", reason))
            continue
        events.append(_event(event, network))
    return events, refused


def _event(told: _Event, network: str | None) -> Event:
    known = told.consent
    customer = told.customer
    return Event(
        id=told.id,
        type=told.type,
        at=told.at.replace(microsecond=told.at.microsecond // 1000 * 1000),
        session=told.session,
        consent=told.consent,
        customer=Customer(id=customer.id, email=customer.email, name=customer.name) if customer and known else None,
        withdrawn_by=customer.id if customer and not known else None,
        network=network if known else None,
        device=told.device,
        # What follows a question mark may be a token, or a person's address.
        page=told.page and told.page.partition("?")[0].partition("#")[0],
        product=None if told.product is None else str(told.product),
        ms=None if told.seconds is None else round(told.seconds * 1000),
        metadata=told.metadata if known else {},
    )


def _refusal(index: int, told: Any, detail: ErrorDetails) -> Refused:
    named = told.get("id") if isinstance(told, dict) else None
    ctx = detail.get("ctx", {})
    parts = [str(part) for part in detail["loc"] if not _is_kind(part)]
    if detail["type"] == _METADATA:
        parts.append(ctx["key"])
    field = ".".join(parts) or None
    words = {
        "extra_forbidden": "is unknown",
        "model_type": "must be an object",
        "dict_type": "must be an object",
        "enum": f"must be {ctx.get('expected')}",
    }
    reason = words.get(detail["type"]) or in_words(detail)
    return Refused(index, named[:100] if isinstance(named, str) else None, field and field[:100], reason)


def _is_kind(part: int | str) -> bool:
    """Whether pydantic means one of the kinds that a value may be of, and no field."""
    return isinstance(part, str) and ("[" in part or part in {"int", "bool", "float", "str"})
