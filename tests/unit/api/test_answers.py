"""ETags, and who is told that nothing changed."""

import pytest

from api.answers import entity_tag, holds

TAG = entity_tag(b'{"id":500}')


def test_a_tag_follows_the_content() -> None:
    assert entity_tag(b'{"id":500}') == TAG
    assert entity_tag(b'{"id":501}') != TAG
    assert TAG.startswith('W/"')


@pytest.mark.parametrize("header", [TAG, TAG.removeprefix("W/"), f'"other", {TAG}', "*"])
def test_who_holds_it(header: str) -> None:
    assert holds(header, TAG)


@pytest.mark.parametrize("header", [None, "", '"other"', 'W/""', TAG[:-2]])
def test_who_does_not(header: str | None) -> None:
    assert not holds(header, TAG)
