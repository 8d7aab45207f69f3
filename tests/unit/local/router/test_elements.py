import datetime
from typing import Any

import bson
import pytest
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

from listino.local.router import elements

EVERY_TYPE: dict[str, Any] = {
    "double": 1.5,
    "text": "ä",
    "document": {"a": {"b": 1}},
    "array": [1, "two"],
    "binary": Binary(b"12", 5),
    "id": ObjectId(),
    "flag": True,
    "date": datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC),
    "null": None,
    "regex": Regex("a.b", "i"),
    "reference": DBRef("c", 1),
    "code": Code("f()"),
    "scoped": Code("f()", {"x": 1}),
    "int": 7,
    "timestamp": Timestamp(5, 6),
    "long": Int64(1 << 40),
    "decimal": Decimal128("1.10"),
    "least": MinKey(),
    "most": MaxKey(),
    "last": "end",
}


def test_every_type_is_walked_over_and_found() -> None:
    document = bson.encode(EVERY_TYPE)
    for name, value in EVERY_TYPE.items():
        found = elements.find(document, name)
        assert found is not None, name
        size = len(bson.encode({"": value})) - 7
        assert len(found.value) == size, name
    assert len(elements.values(document)) == len(EVERY_TYPE)


def test_a_found_value_can_be_decoded() -> None:
    found = elements.find(bson.encode({"a": 1, "b": "x"}), "b")
    assert found is not None
    assert found.decoded() == "x"


def test_a_missing_field_is_none() -> None:
    assert elements.find(bson.encode({"a": {"b": 1}}), "b") is None


def test_only_demands_exactly_one_field() -> None:
    one = elements.only(bson.encode({"$eq": 3}))
    assert one is not None
    assert one[0] == "$eq"
    assert one[1].decoded() == 3
    assert elements.only(bson.encode({})) is None
    assert elements.only(bson.encode({"$gt": 1, "$lt": 2})) is None


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="not known"):
        elements.find(b"\x0a\0\0\0\x55a\0\0\0\0", "b")


def test_nested_documents_stay_raw_and_dates_exact() -> None:
    beyond_python = bson.encode({"a": {"b": 1}, "d": bson.DatetimeMS(1 << 60)})
    fields = elements.fields(beyond_python)
    assert elements.raw(fields["a"]) == bson.encode({"b": 1})
    assert bson.encode(fields) == beyond_python
