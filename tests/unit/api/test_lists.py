"""Lists in the process's memory: how long they may be shown, and how many there are."""

from api.lists import HeldLists, Listed
from listino.live.lists import Counts, Stamp

NOW = 100.0


def counted(stamp: Stamp | None) -> Counts:
    return Counts({} if stamp is None else {"it": stamp}, read_at=7.0, until=NOW)


def test_a_list_is_shown_as_long_as_nothing_has_moved_where_it_is_from() -> None:
    stamp = Stamp(b"run:1:4", settled=True, since=1.0)
    listed = Listed(("it:bottega:1",), (), read_at=5.0, until=NOW - 50, scope="it", stamp=stamp)

    assert listed.true_at(NOW, counted(stamp)) == 7.0
    assert listed.true_at(NOW, counted(Stamp(b"run:1:5", settled=True, since=2.0))) is None
    assert listed.true_at(NOW, counted(None)) is None


def test_a_list_without_a_stamp_is_shown_until_its_time_is_over() -> None:
    listed = Listed((), (), read_at=5.0, until=NOW)

    assert listed.true_at(NOW - 0.1, counted(None)) == 5.0
    assert listed.true_at(NOW, counted(None)) is None


def test_held_lists_are_bounded_in_bytes_and_the_oldest_go_first() -> None:
    listed = Listed((1, 2), (), read_at=5.0, until=NOW)
    held = HeldLists(most_bytes=3 * (listed.size + 1))
    for query in (b"a", b"b", b"a", b"c", b"d"):
        held.put(query, listed)

    assert [query for query in (b"a", b"b", b"c", b"d") if held.get(query)] == [b"a", b"c", b"d"]
