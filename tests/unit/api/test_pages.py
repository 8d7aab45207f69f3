"""How long a page may be shown again."""

import time

import pytest

from api.pages import accelerated


def test_nginx_repeats_what_is_known_to_be_true_to_the_end_of_its_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_790_000_000.9)
    assert accelerated(1_790_000_000.0) == b"@1790000000"
    assert accelerated(1_789_999_999.9) == accelerated(0.0) == b"0"
