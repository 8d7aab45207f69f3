"""The keys of pages about a customer."""

import pytest

from listino.domain.errors import InvalidValue
from listino.store.paging import beyond


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "yesterday"])
def test_what_is_no_key_is_refused(at: str) -> None:
    with pytest.raises(InvalidValue, match="is no key of a page"):
        beyond({}, "at", f"{at} c:1/e1")
