import pytest

from listino.store.collections import COLLECTIONS, Declaration


def test_each_collection_is_declared_once() -> None:
    names = [declared.name for declared in COLLECTIONS]
    assert len(names) == 19
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("declared", COLLECTIONS, ids=lambda declared: declared.name)
def test_a_collection_has_a_shard_key_a_validator_and_named_indexes(declared: Declaration) -> None:
    assert list(declared.shard_key.values()) == ["hashed"]
    assert "$jsonSchema" in declared.validator
    names = [index.document["name"] for index in declared.indexes]
    assert len(set(names)) == len(names)
    assert not any(index.document.get("unique") for index in declared.indexes), "unique needs the shard key as prefix"
