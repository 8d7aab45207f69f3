import json
from pathlib import Path

import pytest

from listino.domain.errors import LocalPlatformError, ProductNotFound
from listino.domain.money import Money
from listino.local.shops.catalogue import Catalogue


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "new" / "shop-it.jsonl"


def test_a_restarted_shop_shows_the_same_goods(state: Path) -> None:
    catalogue = Catalogue("it", count=60, journal=state)
    catalogue.drift(0.3, seed=7)
    catalogue.appear(4)
    catalogue.vanish(share=0.1)
    catalogue.set_price(catalogue.keys()[0], Money(1290))
    catalogue.set_stock(catalogue.keys()[1], False)
    catalogue.drift(0.3, seed=7)
    catalogue.close()

    again = Catalogue("it", count=60, journal=state)
    assert len(again.keys()) == 60 + 4 - 6
    assert again.truth() == catalogue.truth() != Catalogue("it", count=60).truth()
    assert [again.article(i).changed_at for i in again.live()] == [
        catalogue.article(i).changed_at for i in again.live()
    ]
    again.restore()
    again.close()
    assert Catalogue("it", count=60, journal=state).truth() == Catalogue("it", count=60).truth()


def test_the_log_only_grows_by_what_was_done(state: Path) -> None:
    catalogue = Catalogue("it", count=60, journal=state)
    catalogue.appear(1)
    with pytest.raises(ProductNotFound):
        catalogue.set_stock("nothing", True)
    lines = [json.loads(line) for line in state.read_text().splitlines()]
    assert [line["op"] for line in lines] == ["open", "appear"]


def test_a_line_that_a_crash_cut_short_is_dropped(state: Path) -> None:
    catalogue = Catalogue("it", count=60, journal=state)
    catalogue.appear(2)
    catalogue.close()
    with state.open("a") as file:
        file.write('{"op": "appear", "cou')
    again = Catalogue("it", count=60, journal=state)
    assert len(again.keys()) == 62
    again.appear(1)
    again.close()
    assert len(Catalogue("it", count=60, journal=state).keys()) == 63


@pytest.mark.parametrize("other", [{"seed": 2}, {"count": 61}, {"market": "fr"}])
def test_another_shops_log_is_refused(state: Path, other: dict[str, int]) -> None:
    Catalogue("it", count=60, journal=state).close()
    with pytest.raises(LocalPlatformError, match="belongs to another shop"):
        Catalogue(**{"market": "it", "count": 60, "journal": state, **other})


def test_a_file_that_is_no_log_is_refused(state: Path) -> None:
    state.parent.mkdir()
    state.write_text("this is not a log\n")
    with pytest.raises(LocalPlatformError, match="no state file"):
        Catalogue("it", journal=state)


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError, match="cannot read"):
        Catalogue("it", journal=tmp_path)
