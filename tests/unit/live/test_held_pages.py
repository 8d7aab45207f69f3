from listino.live.held_pages import HeldPages, Reading
from listino.live.page import Page, decoded


def test_pages_are_held_for_so_long_and_no_more_bytes_than_allowed() -> None:
    held = HeldPages(most_bytes=10_000)
    for number in range(100):
        held.put(number % 30, Reading(Page("shown", (b"x" * (number * 10),)), 0.0, until=5.0))
        assert held.bytes <= 10_000
        assert held.bytes == sum(reading.size for reading in held._readings.values())
    assert 0 < len(held) < 30
    last = held.get(99 % 30, now=4.9)
    assert last is not None
    assert last.page is not None
    assert held.get(99 % 30, now=5.0) is None


def test_what_is_larger_than_all_that_is_allowed_is_not_held() -> None:
    held = HeldPages(most_bytes=1000)
    held.put(1, Reading(Page("shown", (b"x" * 2000,)), 0.0, 5.0))
    assert (len(held), held.bytes) == (0, 0)


def test_a_page_is_read_back_under_its_own_stamp_only() -> None:
    page = Page("shown", (b"", b"two\nlines", b"\x00"))
    assert decoded(page.encoded("run:7"), b"run:7") == Page("shown", (b"", b"two\nlines", b"\x00"))
    assert decoded(page.encoded("run:7"), b"run:") is None
    assert decoded(Page("gone").encoded("run:"), b"run:") == Page("gone")


def test_there_is_room_for_what_callers_pack() -> None:
    page = Page("shown", (b"x" * 2000, b"y" * 1000))
    before = page.size
    page.packed.update(enumerate(page.parts))
    assert page.size == before >= sum(map(len, page.parts)) + sum(map(len, page.packed.values()))
