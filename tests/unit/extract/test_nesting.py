import pytest

from listino.extract import extract
from listino.extract.nesting import shallow


@pytest.mark.parametrize(
    "html", ["", "<", "<div>" * 5_000, "<div><p>a<br><img></div>" * 20_000, "<p>a<li>b<td>" * 20_000]
)
def test_pages_that_nest_little_or_are_small_stay_as_they_are(html: str) -> None:
    assert shallow(html) == html


@pytest.mark.parametrize("opening", ["<div>", "<SECTION class=a>", "<ul><li>"])
def test_containers_below_the_deepest_level_are_left_out(opening: str) -> None:
    kept = shallow("<h1>Kettle</h1>" + (opening + "a") * 60_000)
    assert kept.startswith("<h1>Kettle</h1>" + opening)
    assert kept.lower().count(opening.split(">")[0].lower()[:4]) == 512


def test_what_stands_before_the_abyss_is_read() -> None:
    assert extract("<h1>Kettle</h1><p>£30.00</p>" + "<div>" * 200_000, "https://shop.example/kettle").price == 30
